"""Distribution matching with an adversarial term, for networks of any kind (report, section 5)."""
