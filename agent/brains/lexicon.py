"""Words the offline rules know: numbers, colours, shapes, styles, synonyms, and a little common knowledge."""

from __future__ import annotations

import re

__all__ = [
    "ANSWERS",
    "COLORS",
    "COMPOUNDS",
    "NUMBERS",
    "ORDINALS",
    "STOP_WORDS",
    "STYLES",
    "SYNONYMS",
    "TYPOS",
    "content_words",
    "reasoned",
    "singular",
]

NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "twenty": 20, "a couple of": 2, "a couple": 2,
    "a pair of": 2, "a few": 3, "several": 3, "some": 3, "both": 2, "a dozen": 12,
}  # fmt: skip

ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "seventh": 7, "eighth": 8, "left": 1, "leftmost": 1,
    "middle": 2, "right": -1, "rightmost": -1, "last": -1, "final": -1, "latest": -1, "newest": -1,
    "most recent": -1, "second to last": -2, "second last": -2,
}  # fmt: skip

COLORS = tuple(
    "red orange yellow green blue purple pink brown black white gray grey gold golden silver violet turquoise"
    " teal cyan magenta beige navy crimson lavender maroon cream scarlet indigo".split()
)

STYLES = (
    "pixel art", "pencil sketch", "pencil drawing", "charcoal", "sketch", "negative", "sepia",
    "black and white", "b&w", "grayscale", "greyscale", "monochrome", "watercolor", "watercolour",
    "blueprint", "poster", "silhouette", "oil painting", "cartoon", "anime", "comic", "manga", "line art",
    "line drawing", "3d render", "low poly", "impressionist", "cubist", "ukiyo-e", "van gogh", "ghibli",
    "photorealistic", "photo-realistic", "realistic", "vintage", "retro", "cyberpunk", "steampunk",
    "minimalist", "pop art", "mosaic", "stained glass", "claymation", "origami", "art deco", "vector art",
    "flat design", "graffiti", "pastel", "engraving", "woodcut", "crayon",
)  # fmt: skip

SYNONYMS = {
    "puppy": "dog", "pup": "dog", "doggy": "dog", "doggie": "dog", "hound": "dog", "kitty": "cat",
    "kitten": "cat", "plane": "airplane", "aeroplane": "airplane", "jet": "airplane", "automobile": "car",
    "sedan": "car", "vehicle": "car", "blossom": "flower", "sunflower": "flower", "rose": "flower",
    "tulip": "flower", "daisy": "flower", "ship": "boat", "sailboat": "boat", "yacht": "boat", "mug": "cup",
    "teacup": "cup", "bike": "bicycle", "motorbike": "motorcycle", "home": "house", "cottage": "house",
    "cabin": "house", "clocks": "clock", "alarm clock": "clock", "parasol": "umbrella", "android": "robot",
    "novel": "book", "cap": "hat", "top hat": "hat", "sparrow": "bird", "birdie": "bird",
    "goldfish": "fish", "fishes": "fish", "seat": "chair", "stool": "chair", "oak": "tree", "pine": "tree",
    "bunny": "rabbit", "sofa": "couch", "pony": "horse", "telephone": "cell phone", "phone": "cell phone",
    "television": "tv", "doughnut": "donut", "coach": "bus", "man": "person", "woman": "person",
    "boy": "person", "girl": "person",
}  # fmt: skip

COMPOUNDS = (
    "hot dog", "teddy bear", "fire hydrant", "stop sign", "bird house", "cat food", "dog food", "tree house",
    "bus stop", "cup cake", "car park", "flower pot", "book shelf", "parking meter", "starfish", "space ship",
    "chair lift", "apple pie", "pizza oven", "fish tank", "bird cage", "dog house", "cat woman", "bus driver",
    "bookcase", "tennis racket", "traffic light", "wine glass",
)  # fmt: skip
"""Things whose name ends or begins with another thing's name."""

STOP_WORDS = frozenset(
    "a an the of in on at with and or to for from by is are was be it its this that "
    "these those one ones me my"
    " picture image photo photograph drawing painting illustration version versions some "
    "please there next over"
    " under near behind above below into as make add draw put place remove turn change give i you your we so"
    " very just now then but not no show same candidate result pic pics photos pictures "
    "images what who where".split()
)

TYPOS = {
    "darw": "draw", "drwa": "draw", "drow": "draw", "drawe": "draw", "dra": "draw", "draww": "draw",
    "chnage": "change", "cahnge": "change", "chagne": "change", "chane": "change", "remvoe": "remove",
    "remov": "remove", "rmove": "remove", "romove": "remove", "mkae": "make", "maek": "make",
    "amke": "make", "teh": "the", "pls": "please", "plz": "please", "plese": "please", "pleae": "please",
    "cna": "can", "picutre": "picture", "pciture": "picture", "pictur": "picture", "iamge": "image",
    "imgae": "image", "pant": "paint", "piant": "paint", "genrate": "generate", "genereate": "generate",
    "craete": "create", "creat": "create", "crate": "create", "u": "you", "wanna": "want to",
    "gimme": "give me", "lemme": "let me", "whats": "what's", "turm": "turn", "trun": "turn",
    "delte": "delete", "repalce": "replace", "replce": "replace", "im": "I'm", "id": "I'd",
    "backgroud": "background", "bakcground": "background", "bleu": "blue", "gren": "green",
    "yelow": "yellow", "lanscape": "landscape", "landscpae": "landscape", "versoin": "version",
    "ya": "you", "dont": "don't", "doesnt": "doesn't", "isnt": "isn't", "cant": "can't", "thats": "that's",
    "theres": "there's", "its": "its", "lets": "let's", "ur": "your", "r": "are", "ppl": "people",
    "abt": "about",
    "wud": "would", "cud": "could", "shud": "should", "kinda": "kind of", "sorta": "sort of",
    "gotta": "have to",
    "gonna": "going to", "tho": "though", "w/": "with", "w/o": "without", "bckground": "background",
    "bg": "background",
    "pic": "picture", "pics": "pictures", "img": "image", "thx": "thanks", "ty": "thank you", "whit": "with",
    "wit": "with", "wiht": "with", "hav": "have", "iz": "is", "tha": "the", "da": "the", "hte": "the",
    "adn": "and",
    "nad": "and", "ont": "on", "fro": "for", "og": "original", "prev": "previous", "ull": "you'll",
    "ive": "I've",
    "hows": "how's", "wat": "what", "wot": "what", "wht": "what", "wich": "which", "rn": "right now",
    "elefant": "elephant", "elephent": "elephant", "bycicle": "bicycle", "bicicle": "bicycle",
    "giraf": "giraffe",
    "girafe": "giraffe", "butterflys": "butterflies", "puppys": "puppies", "dinasour": "dinosaur",
    "dinosour": "dinosaur", "pinguin": "penguin", "aeroplain": "airplane", "camra": "camera",
    "gitar": "guitar",
    "frist": "first", "secnd": "second", "udno": "undo", "drwaing": "drawing",
}  # fmt: skip

ANSWERS: tuple[tuple[str, str], ...] = (
    ((r"(?:ripe )?bananas?|lemons?|the sun|sunflowers?|egg yolks?|(?:a )?canary|canaries"
r"|mustard|honey"), "yellow"),
    (r"(?:ripe )?(?:tomato(?:es)?|strawberr(?:y|ies)|cherr(?:y|ies))|blood|fire ?(?:truck"
r"|engine)s?|rub(?:y|ies)"
     r"|ladybugs?|stop signs?|ketchup", "red"),
    ((r"(?:fresh )?(?:grass|cucumbers?|lea(?:f|ves)|emeralds?|frogs?|broccoli|spinach|limes?"
r"|peas|avocados?)"), "green"),
    ((r"(?:clear |summer |daytime |cloudless )?sky|(?:the )?(?:sea|ocean)|sapphires?"
r"|blueberr(?:y|ies)|smurfs?"), "blue"),
    (r"(?:fresh |clean |falling )?snow|milk|polar bears?|swans?|ghosts?|clouds?|chalk|sugar|salt", "white"),
    (r"coal|ravens?|crows?|panthers?|(?:the )?night sky|tar|ink|midnight", "black"),
    (r"(?:ripe )?(?:oranges?|carrots?|pumpkins?)|tangerines?|basketballs?|mandarins?", "orange"),
    (r"(?:ripe )?(?:eggplants?|aubergines?|lavender|grapes?|plums?|violets?|amethysts?)", "purple"),
    (r"flamingo(?:s|es)?|pigs?|bubblegum|cotton candy|barbie", "pink"),
    (r"chocolate|coffee|tree trunks?|bears?|mud|earth|soil|wood|chestnuts?", "brown"),
    (r"elephants?|concrete|ash|mice|mouse|rain clouds?", "gray"),
)  # fmt: skip
"""What everyone knows the colour of: pattern of the thing, its colour."""

_THING = re.compile(
    r"\b(?:(?:in |has |with )?(?:the|a) (?:same )?colou?r (?:of|as|that|like) |as \w+ as )(?:a |an |the )?(?:"
    + "|".join(f"(?P<c{index}>{pattern})" for index, (pattern, _) in enumerate(ANSWERS))
    + r")\b(?: (?:has|have|is|usually has))?",
    re.I,
)
_MIXES = {
    frozenset({"red", "blue"}): "purple", frozenset({"blue", "yellow"}): "green",
    frozenset({"red", "yellow"}): "orange", frozenset({"red", "white"}): "pink",
    frozenset({"black", "white"}): "gray",
}  # fmt: skip
_MIX = re.compile(
    r"\bthe colou?r (?:that )?(?:you get |we get |one gets )?(?:of |by |when |from |if "
    r")?(?:you )?mix(?:ing|ed|ture)?"
    r"(?: of)? (\w+) (?:and|with|plus) (\w+)(?: (?:give|make|gives|makes)s?)?\b",
    re.I,
)
_ARITHMETIC = {"plus": 1, "and": 1, "minus": -1}
_FACTS = (
    (r"the (?:king|ruler) of the jungle|the king of (?:the )?(?:beasts|animals)", "a lion"),
    (r"the animal that (?:says|goes) (?:meow|miaow)|(?:man's|a man's) worst friend", "a cat"),
    (r"the animal that (?:barks|says woof|goes woof)|man's best friend", "a dog"),
    (r"the (?:fruit|one) (?:that )?(?:monkeys love|monkeys like|newton saw fall)", "a banana"),
    (r"the vehicle that flies", "an airplane"),
    (r"(?:the )?(?:animal|thing) with (?:a|the) trunk", "an elephant"),
    (r"(?:the|an?) (?:insect|animal|creature|bug) (?:that|which) makes honey", "a bee"),
    (r"the (?:animal|bird|one) (?:that|which) (?:says|goes) (?:moo|mooo)", "a cow"),
    (r"(?:the|an?) (?:animal|creature) (?:that|which) gives (?:us )?milk", "a cow"),
    (r"(?:the|an?) (?:animal|creature) (?:that|which) (?:says|goes) (?:oink)", "a pig"),
    (r"(?:the|an?) (?:animal|creature|bird) (?:that|which) (?:says|goes) (?:quack)", "a duck"),
    (r"(?:the|an?) (?:animal|creature|bird) (?:that|which) (?:says|goes) (?:baa)", "a sheep"),
    (r"(?:the|an?) (?:animal|creature|bird) (?:that|which) (?:says|goes) (?:ribbit)", "a frog"),
    (r"(?:the|an?) (?:animal|creature|one) with (?:the|a very|a|such a) long neck", "a giraffe"),
    (r"(?:the|an?) (?:animal|horse) with (?:black and white )?stripes", "a zebra"),
    (r"the (?:fruit|thing) (?:that )?keeps the doctor away", "an apple"),
    (
        r"(?:the|an?) (?:bird|one|animal) that (?:can't fly and )?(?:lives|waddles) (?:at|in|on) "
        r"(?:the south pole|antarctica|ice)",
        "a penguin",
    ),
    (r"(?:the|a) (?:vehicle|thing) (?:with two wheels|that has two wheels)(?: and pedals)?", "a bicycle"),
    (r"(?:the|a) (?:ship|boat) (?:that )?(?:goes|dives) under ?water", "a submarine"),
    (
        r"(?:what|the thing(?: that)?|something) (?:you|we|one|people) (?:use|need|open|hold|take) "
        r"(?:when it rains|in the rain"
        r"|against (?:the )?rain)",
        "an umbrella",
    ),
    (r"(?:what|the thing(?: that)?) (?:tells|shows) (?:the|you the|us the) time", "a clock"),
    (r"the (?:planet|one) (?:that )?we live on", "the earth"),
    (
        r"(?:the|an?) (?:animal|bird) (?:that|which) (?:wakes|crows) (?:us |you )?(?:up )?(?:in|at) "
        r"the (?:morning|dawn)",
        "a rooster",
    ),
    (r"the number of legs (?:of|on) a spider", "eight"),
)
_SUMS = re.compile(r"(?<!picture )(?<!image )(?<!number )\b(?!an? )(\w+) (plus|minus) (?!an? )(\w+)\b", re.I)


def reasoned(words: str) -> str:
    """The words with what can be looked up put in: "the colour of a ripe banana" -> "yellow"."""

    def color(found: re.Match[str]) -> str:
        return next(ANSWERS[int(name[1:])][1] for name, hit in found.groupdict().items() if hit)

    def mixed(found: re.Match[str]) -> str:
        return _MIXES.get(frozenset(part.lower() for part in found.groups()), found[0])

    def total(found: re.Match[str]) -> str:
        first, second = (number(found[each]) for each in (1, 3))
        if first is None or second is None:
            return found[0]
        value = first + _ARITHMETIC[found[2].lower()] * second
        names = {each: name for name, each in reversed(NUMBERS.items())}
        return names.get(value, str(value)) if value > 1 else "one"

    words = _MIX.sub(mixed, _THING.sub(color, words))
    words = _SUMS.sub(total, words)
    for pattern, answer in _FACTS:
        words = re.sub(rf"\b(?:{pattern})\b", answer, words, flags=re.I)
    return words


def number(word: str) -> int | None:
    """A digit or number word's value."""
    return int(word) if word.isdecimal() else NUMBERS.get(word.lower())


def singular(word: str) -> str:
    """The likely singular of an English noun."""
    irregular = {"mice": "mouse", "people": "person", "children": "child", "men": "man", "women": "woman",
                 "leaves": "leaf", "wolves": "wolf", "knives": "knife", "geese": "goose", "sheep": "sheep",
                 "bus": "bus", "fish": "fish", "glasses": "glasses", "scissors": "scissors"}  # fmt: skip
    if word in irregular:
        return irregular[word]
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes", "uses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def content_words(text: str) -> frozenset[str]:
    """The telling words of a text in the singular, synonyms and spellings made equal."""
    words = re.findall(r"[a-z0-9'&]+", text.lower())
    telling = {singular(word) for word in words if word not in STOP_WORDS}
    return frozenset(SYNONYMS.get(word, {"grey": "gray"}.get(word, word)) for word in telling)
