import pytest

from agent.brains.spelling import correct_typos


@pytest.mark.parametrize(
    ("slip", "right"),
    [
        ("draw a pengiun waering a suit", "draw a penguin wearing a suit"),
        ("chnage the backgorund to a forset", "change the background to a forest"),
        ("a froog on the beech", "a frog on the beach"),
        ("sooo cute", "soo cute"),
        ("umberlla", "umbrella"),
    ],
)
def test_slips_are_put_right(slip: str, right: str) -> None:
    assert correct_typos(slip) == right


@pytest.mark.parametrize(
    "words",
    [
        "I drew a card and the crowd was drawn in",
        "the winner went to the theatre with an alien theme",
        "meet Rosa and Panda in Bologna",
        "a carton of eggs, a sore throat, a statute",
        "painted sketchy drawings, boats and cats",
    ],
)
def test_right_words_and_names_stay(words: str) -> None:
    assert correct_typos(words) == words
