"""SparseDiT: the sparse diffusion transformer of HiDream-I1 (arXiv 2505.22705, section 3)."""

from engines.sparse_dit.captured import Captured
from engines.sparse_dit.config import SparseDiTConfig
from engines.sparse_dit.model import SparseDiT, SparseDiTOutput
from engines.sparse_dit.moe import RouterStatistics
from engines.sparse_dit.prepared import Prepared

__all__ = ["Captured", "Prepared", "RouterStatistics", "SparseDiT", "SparseDiTConfig", "SparseDiTOutput"]
