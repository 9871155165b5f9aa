"""What can go wrong in a conversation.

AgentError
├── BrainUnavailable   the language model cannot be reached or answers nonsense
├── PlanRejected       a plan breaks a limit
├── SourceNotFound     no such picture in this session
├── UnsafeRequest      the request is refused
├── SessionNotFound    no such conversation for this owner
├── UploadRejected     a file is not a picture we can take
├── ImportRejected     a file is not a chat that was exported, or damaged
├── MessageRefused     the message cannot become a turn: empty, too long, or another turn is running
├── GateUnavailable    nobody can say whether a request is safe
├── KeyRejected        pictures cannot be signed with this key
├── SigningFailed      a picture could not be signed
├── DeviceStalled      the engine gives no sign of life
├── TooBusy            too much of one owner, at once or within an hour
├── ChoiceRejected     a brain or an engine that cannot be chosen
├── BackupFailed       a backup cannot be made, or is none that can be restored
├── PersonRejected     a name or a password will not do
├── SignInRefused      name and password do not belong together, or a provider does not vouch for somebody
└── StorageUnavailable the data folder cannot be read or written

`str(error)` is a sentence fit for the chat: what happened, and what to do.
"""


class AgentError(Exception):
    """Any failure of the agent."""


class BrainUnavailable(AgentError):
    """The language model cannot be reached or answers nonsense."""


class PlanRejected(AgentError):
    """A plan breaks a limit."""


class SourceNotFound(AgentError):
    """No such picture in this session."""


class UnsafeRequest(AgentError):
    """The request is refused."""


class SessionNotFound(AgentError):
    """No such conversation for this owner."""


class UploadRejected(AgentError):
    """A file is not a picture we can take."""


class ImportRejected(AgentError):
    """A file is not a chat that was exported here, or it is damaged."""


class MessageRefused(AgentError):
    """The message cannot become a turn: it is empty or too long, or another turn is running."""


class GateUnavailable(AgentError):
    """Nobody can say whether a request is safe, so it is not carried out."""


class KeyRejected(AgentError):
    """Pictures cannot be signed with this key."""


class SigningFailed(AgentError):
    """A picture could not be signed, so it is not handed out."""


class DeviceStalled(AgentError):
    """The engine gives no sign of life."""


class TooBusy(AgentError):
    """Too much of one owner, at once or within an hour; it may do to try again in `wait_seconds`."""

    def __init__(self, sentence: str, wait_seconds: int) -> None:
        super().__init__(sentence)
        self.wait_seconds = wait_seconds


class ChoiceRejected(AgentError):
    """A brain or an engine that cannot be chosen."""


class BackupFailed(AgentError):
    """A backup cannot be made, or is none that can be restored."""


class PersonRejected(AgentError):
    """A name or a password will not do."""


class SignInRefused(AgentError):
    """Name and password do not belong together, or a provider does not vouch for somebody."""


class StorageUnavailable(AgentError):
    """The data folder cannot be read or written."""
