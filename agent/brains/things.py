"""What can be seen and what cannot: nouns that tell "make me a boat" from "make me an offer"."""

from __future__ import annotations

import re

from agent.brains.lexicon import singular

__all__ = ["VISIBLE", "is_abstract", "is_visible", "nouns"]

VISIBLE = frozenset(
    """
    person man woman boy girl child kid baby people couple family crowd king queen prince princess knight
    wizard
    witch pirate sailor astronaut cowboy clown chef farmer doctor nurse soldier ninja samurai viking dancer
    singer painter teacher student policeman firefighter mermaid fairy elf dwarf giant angel devil ghost
    zombie
    vampire skeleton monster alien robot superhero snowman scarecrow grandma grandpa grandmother grandfather
    cat kitten dog puppy bird fish horse pony sheep lamb cow bull calf goat pig piglet chicken hen rooster
    chick
    duck goose swan turkey rabbit bunny hamster mouse rat squirrel hedgehog fox wolf bear panda koala kangaroo
    lion tiger leopard cheetah panther elephant rhino hippo giraffe zebra camel donkey deer moose monkey
    gorilla
    ape sloth otter beaver badger raccoon skunk bat owl eagle hawk falcon crow raven parrot pigeon sparrow
    penguin
    flamingo peacock pelican seagull ostrich frog toad turtle tortoise lizard snake crocodile alligator
    dinosaur
    dragon unicorn phoenix griffin whale dolphin shark octopus squid jellyfish crab lobster shrimp starfish
    seal
    walrus snail worm spider ant bee wasp butterfly moth ladybug dragonfly beetle insect animal pet creature
    car bus truck van taxi train locomotive tram bicycle bike motorcycle motorbike scooter airplane plane jet
    helicopter boat ship sailboat yacht ferry canoe submarine rocket spaceship spacecraft satellite balloon
    tractor wagon carriage cart sled skateboard surfboard snowboard skis ski skate kite tank crane
    house home cottage cabin hut barn shed castle palace tower lighthouse windmill mill church cathedral
    temple
    mosque pyramid bridge tunnel road street path highway railway station airport harbor harbour port dock
    pier
    city town village skyline skyscraper building apartment hotel shop store bakery cafe restaurant bar market
    school library museum theater theatre cinema hospital factory farm garage garden yard park playground
    fountain
    statue monument wall fence gate door window roof chimney balcony stairs staircase ladder room kitchen
    bedroom
    bathroom office classroom attic cellar cave island beach coast shore cliff mountain hill valley canyon
    volcano
    desert dune oasis forest wood jungle meadow field lawn swamp river stream waterfall lake pond sea ocean
    wave
    glacier iceberg sky cloud sun moon star planet earth mars saturn galaxy nebula comet space rainbow sunset
    sunrise storm lightning rain snow fog mist aurora landscape scenery horizon
    tree oak pine palm bush leaf flower rose tulip daisy sunflower lily lotus orchid poppy cactus mushroom
    grass
    plant bouquet ivy bamboo bonsai log branch
    apple banana orange lemon lime pear peach plum cherry grape strawberry blueberry raspberry pineapple mango
    coconut melon watermelon kiwi avocado tomato potato carrot broccoli cucumber pumpkin pepper onion corn pea
    bread loaf toast bagel croissant sandwich burger hamburger pizza pasta noodles soup salad sushi taco
    cheese
    egg bacon steak donut doughnut cake cupcake pie cookie pancake waffle chocolate candy lollipop popcorn
    coffee tea milk juice beer wine cocktail breakfast fruit vegetable
    chair stool bench armchair sofa couch table desk bed crib shelf bookshelf bookcase cupboard wardrobe
    dresser
    drawer mirror lamp lantern candle chandelier clock watch vase pot cup mug teacup teapot kettle glass
    bottle
    jar bowl plate dish fork knife spoon pan oven stove microwave toaster refrigerator fridge sink bathtub
    toilet
    toothbrush comb soap towel blanket pillow curtain carpet rug basket box bag backpack handbag suitcase
    purse wallet umbrella parasol hat cap helmet crown scarf glove shoe boot sandal sock shirt t-shirt sweater
    jacket coat dress skirt pants jeans suit tie necklace ring earring glasses sunglasses mask cape costume
    book newspaper letter envelope map poster sign banner flag board card pen pencil brush scissors ruler
    laptop computer keyboard monitor phone telephone camera tv television radio remote headphones guitar piano
    violin drum trumpet flute saxophone ball football basketball baseball frisbee racket bat glove doll teddy
    toy puzzle dice chess sword shield bow arrow axe hammer saw screwdriver wrench nail key lock rope chain
    anchor wheel tire engine gear battery bulb telescope microscope hourglass compass treasure coin gem
    diamond
    crystal gift present tent campfire fireplace fire flame smoke bomb hydrant drier dryer meter mailbox swing
    slide carousel wreath logo icon emoji avatar portrait selfie cartoon
    """.split()
)
_ABSTRACT = frozenset(
    """
    account advice agreement answer appointment area attempt attention backup bill bit break budget buzz call
    case chance change choice choices comparison complaint conclusion contract conversation day deal decision
    definition difference distinction doubt effort email essay example excuse exception fact favor favour
    feedback feeling friend fun function fuss guess haiku headache help hint hope idea impression income
    information interest issue job joke laugh lead lesson limerick list living living luck mess mind minute
    mistake money moment name nap noise note offer opinion order paragraph parallel password plan playlist
    poem
    point progress promise proposal question reason recipe recommendation rest reservation revenue rhyme rule
    sacrifice schedule second sense sentence sleep song speech spreadsheet stand start statement story
    suggestion summary sure talk text tip trick look hug refund discount percent respect room love war
    electricity volume music attitude dinner power energy space leads walk shower word joke riddle quote
    thing time title
    topic tour traffic translation trip trouble try turn
    script website schema database code program software app algorithm verdict letter contract document
    article blog novel essay homework
    presentation slide resume cv invoice menu workout diet routine timetable agenda meeting memo survey
    quiz exam formula equation
    playlist argument case defence strategy concept theory hypothesis sarcasm notch way memory account
    mailing tone voice sight
    drift scenario metaphor to-do
    update vacation value visit vote wish word work worry
    """.split()
)
_END = re.compile(
    r"[,.;:!?]|\b(?:in|on|at|with|without|and|or|of|to|for|from|by|under|over|near|next|behind|before|after"
    r"|that|which|who|where|until|if|as|is|are|was)\b",
    re.I,
)


def nouns(text: str) -> tuple[str, ...]:
    """All words of a text in the singular, lower case, in order."""
    return tuple(singular(word) for word in re.findall(r"[a-z]+(?:-[a-z]+)?", text.lower()))


def is_visible(text: str) -> bool:
    """Whether it names at least one thing that a picture can show."""
    return not VISIBLE.isdisjoint(nouns(text))


def is_abstract(text: str) -> bool:
    """Whether the first thing named cannot be seen: "a change of scenery", "some interest"."""
    text = re.sub(r"\bquote\d+", "", text, flags=re.I)
    head = nouns(_END.split(text.strip(), maxsplit=1)[0])
    return bool(head) and head[-1] in _ABSTRACT and not is_visible(" ".join(head))
