"""Slips of the keyboard put right: one letter too many, too few, wrong or swapped in a word we know."""

from __future__ import annotations

import re
from functools import cache

from agent.brains.lexicon import COLORS, TYPOS, singular
from agent.brains.things import VISIBLE

__all__ = ["correct_typos"]

_SHORTEST_SWAP = 4
_SHORTEST = 5
_ORDER_WORDS = frozenset(
    """
    draw paint sketch generate create render design illustrate picture pictures image images photo drawing
    painting make change remove delete erase replace background foreground add turn move put give swap blur
    please could would should want need like with without wearing sitting standing holding riding flying
    running playing sleeping jumping smiling eating reading looking walking version versions another different
    original previous second third fourth first bigger smaller larger darker brighter lighter color colour
    colors style watercolor watercolour pencil realistic cartoon vintage landscape portrait square vertical
    horizontal format behind beside between front under above below instead again before after inside
    outside right left corner middle there their where these those something everything bright little small
    large beautiful colorful colourful happy fluffy wooden golden evening morning night winter summer autumn
    spring snowy rainy sunny foggy
    """.split()
)
_RIGHT_AS_THEY_ARE = frozenset(
    """
    align alien ample anger angle another apple apply babble back badge badges banned bard baton batter beacon
    beaker beard beast because become bench bend birds blank blast bleach blew block blown blush board boar
    bold boom border bored born borrow bound brad bread break breed brighten broad brow brown browse brows
    brush build built bunch butler button cabin caddy came cameo canary candid caramel care career carton case
    casual cave certain chai chain chance change changed charge chart charm chase cheat check cheer chest
    child chile chill chips choir chore chose chuck city claim clam clap class clean clear clever click cloak
    close cloth clothes club coal coach coast coat cobra code coin cold collar colon colony color come comet
    comic common cone cook cookies cool cork corn cost cotton couch cough count couple course court cover
    covered crack cradle craft crane crash crate crawl crazy cream crew crib crop cross crow crowd crush cube
    curb curl current curry curtain cute daily dairy dance danced dancer danger darken dear deaf death deck
    deep deer desert desire dessert devil dinner dirt dish dive diver doll dome donor door dot double dove
    down dozen draft drain drama drank drawer drawn draws dream dress dressed drew dried drift drill drink
    drive driver drop drown dry duck duke dull dump dust earn ears east easy eaten edge eight elbow elder
    empty ending engine enjoy evening ever even every exact extra face fact factor factory fade fail fair
    fairly faith fake fall fame family fancy far farm farmer fast fate father fault fear feather feed feel
    feet fence fern fest fever few fiction field fiery fifth fight file fill film final find fine finger
    finish fire firm fish fist fit five flag flair flake flame flare flash flat flavor flesh flew flick
    flight fling flip float flood floor florist flour flow flowed flower flu fluff fly foam focus fold folk
    font food foot force ford forest fork form format former forth found four frame framed frames free
    freeze fresh fridge fried friend frog from front frost froze fruity full fun funny fur future garbage
    garlic gave gear giant girls glance glare glass glaze gloom gloss glow goal goat goes gone good gorge
    gown grab grace grade grain gram grand grape graph grass grassy grave gravel gray great greek greet grew
    grey grill grim grin grip groom gross ground group grow grown growth guard guess guest guide guilt gulf
    gust habit hair half hall halt hand handle hang happy hard harm harsh hate haul haunt have hawk head heal
    heap hear heard heat heavy hedge heel height hello help hers herd here hero hers hide high hike hill him
    hint hire hit hold hole holly holy home honest honey hook hoop hope horn horror hose host hotel hound
    hours house huge hull human hunt hurt ideal idle inch index inner input insert inset inside into iron
    item jail jam jean jeans jelly jewel job join joint joke jolly judge juice jump jungle junk just keen
    keep kept kick kill kind kiss kite knee knew knit knob knock knot know known label labour lace lack lad
    lady laid lake lamb land lane lap large laser last late later laugh laundry law lawn lay layer lazy lead
    leaf leak lean leap learn least leather leave ledge left leg lemon lend lens less let letter level life
    lift light lighting like limb limit line linen link list listen litter live liver load loan lobby local
    loft lone long look loop loose lord lose loss lost lot loud lounge love low lower luck lucky lump lunch
    lung made magic maid mail main major maker male mall many maple march mark marked market marker mass
    master mat match mate may mayor meal mean meant meat medal media meet melt member menu mercy merry mess
    metal meteor meter might mild mile mill mind mine mint minor minute mirror miss mist mix model moist mold
    mole money monk mono mood more moss most motel mother motor mount mouth moved mover much mud muffin mule
    mummy music must myth nail naked name narrow near neat neck need neon nerve nest never new news next nice
    nine noise none noon north nose note novel nurse nut odd off offer often old olive once onion only onto
    opera orbit order other otter ought ounce outer outfit over owe own pace pack page paid pain painted
    pair pale palm pane panel panic paper parade park part party pass past pasta paste patch path patio
    pause pave paw peace peach peak pearl pebble peel pen people perch person pet phone phony photos piano
    pick pier pile pill pilot pinch pine pink pint pipe pitch place placed plain plan plank planet plant
    plate play plaza plot plow plug plum plus pocket point poker polar pole polish polite pond pony pool
    poor pop porch port pose post potato pound pour power prawn pray press pretty prey price pride priest
    prince print prism prize prone proof prop proud pull pulse pump punch pupil purse push put quack queen
    quick quiet quilt quit quite race rack radar radio radish raft rage rail rain raise rake ramen ranch
    range rank rapid rare rate rather raven raw reach react read ready real rear rebel reef refer rent
    rest rice rich ride rider ridge ring ripe rise risk rival road roar roast robe rock rocky rode roll
    roman roof rook room root rope rough round route row royal ruby rude ruin rule ruled ruler rules run
    rural rush rust rusty sack sad saddle safe sail saint salad sale salt same sand sandy sauce save scale
    scarf scary scene scent school scope score scout scrap scream screen screw scroll seal seat secret see
    seed seek seem seen self sell send sense sent serve set seven shade shadow shake shallow shame shape
    shard share sharp shave shawl she sheet shelf shell shift shine shiny shirt shock shoe shoot shop shore
    short shot shout shove show shower shown shrub shut shy sick side sight sign silk silly since sing
    singer single siren sister site size skate skill skin skull slam slap slate sleek sleep sleeve slice
    slick slide slim slip slope slot slow slug small smart smash smell smile smoke smoky smooth snack snap
    snare sneak snore snout soak soap soar sock soda sofa soft soil sold solid some son song soon sort soul
    sound soup sour south space spaced spade spare spark speak spear speed spell spend spent spice spicy
    spike spin spine split spoil spoke spook spool sport spot spray spread squad squash squat stack stadium
    staff stage stain stair stake stale stall stamp stand stare start state statue status stay steak steal
    steam steel steep steer stem step stew stick still sting stir stitch stock stone stony stood stop storm
    stormy story stove straight strain strand strap straw stray stream street strength stress strict strike
    string strip stripe strong struck stuck study stuff style styled sugar suit sunk super sure surf swam
    swamp swap swear sweat sweater sweep sweet sweeter swept swim swing switch sword table tail take taken
    tale talk tall tame tank tape task taste tasty teach team tear teen teeth tell ten tend term test text
    than thank that them then they thick thief thin thing think this thorn those thread three threw throat
    throne through throw thumb tide tidy tight tile time tiny tire title toad today token told toll tone
    tongue tool tooth topic torch toss total touch tough tour towel tower track trade trail trait tram trap
    tray treat trend tribe trick trio trip troll troop trot trout trunk trust truth try tube tuck tulip tune
    tunnel turkey twin twice type ugly uncle union unit until upper upset urban urge use used usual vague
    value van vase vast vegan veil vein verse very vest view villa village vine vinyl violent violin visit
    vivid vocal voice void vote wade wage wagon waist wait wake walk wall waller wand wander warm warn wash
    watch water wave wavy wax way weak wealth wear weather weave wedding weed week weird well went were west
    whale wharf what wheat wheel when which while whine whip whisper white who whole whose why wide wild will
    wind window windy wine wing wink wipe wire wise wish witch woke wolf woman wonder wood wool word work
    world worm worn worry worse worst worth wound wrap wreath wreck wrist write writer wrong yard yarn yawn
    bandana bandanna cardigan corset poncho satchel turban tunic veil
    inspect compute computed cast ratio prevent theme samp sample pure grant latter radius alter whereas
    inject
    formal summed summit sums breach ease sake fringe winner carpet caret purge paying thesis statute shall
    theirs preset proto photographer sifting couldn wouldn shouldn elevate vacation violet prince
    year yeast yell yes yet young your youth zero zone
    """.split()
)
"""Words of every day that stand one letter from one of ours."""


def correct_typos(message: str) -> str:
    """Known slips and near misses put right; capitals in the middle of a sentence are names and stay."""
    message = re.sub(r"([A-Za-z])\1{2,}", r"\1\1", message)
    return re.sub(r"(?<![\w#@])[A-Za-z']+(?![\w@])", lambda found: _right(found[0]), message)


def _right(word: str) -> str:
    lower = word.lower()
    if lower in TYPOS:
        return TYPOS[lower]
    if word != lower or "'" in word or lower in _known():
        return word
    return _nearest(lower) or word


@cache
def _known() -> frozenset[str]:
    return frozenset(VISIBLE | set(COLORS) | _ORDER_WORDS | _RIGHT_AS_THEY_ARE)


@cache
def _nearest(word: str) -> str | None:
    """The one known word a single slip away; of several the first in the alphabet, order words first."""
    if len(word) < _SHORTEST_SWAP or _is_inflected(word):
        return None
    ours = _ORDER_WORDS | VISIBLE | set(COLORS)
    swaps = {f"{word[:i]}{word[i + 1]}{word[i]}{word[i + 2 :]}" for i in range(len(word) - 1)}
    twice = {f"{word[:i]}{word[i + 1 :]}" for i in range(1, len(word)) if word[i] == word[i - 1]}
    near = (swaps | twice) & {each for each in ours if len(each) >= _SHORTEST_SWAP}
    if not near and len(word) >= _SHORTEST:
        near = {
            each for each in ours if len(each) >= _SHORTEST and each[0] == word[0] and _is_near(word, each)
        }
    if near:
        return min(near, key=lambda each: (each not in _ORDER_WORDS, each))
    plural = word[:-1] if word.endswith("s") else ""
    found = _nearest(plural) if plural else None
    return f"{found}s" if found else None


def _is_inflected(word: str) -> bool:
    """An ending on a word that is right: "painted", "boats", "sketchy"."""
    known = _known()
    if singular(word) in known:
        return True
    for ending in ("ed", "d", "ing", "er", "r", "est", "ly", "y", "es", "s", "ish", "less", "ful", "en"):
        stem = word.removesuffix(ending)
        doubled = stem[:-1] if len(stem) > 3 and stem[-1:] == stem[-2:-1] else stem
        if stem != word and len(stem) > 2 and {stem, f"{stem}e", doubled} & known:
            return True
    return False


def _is_near(word: str, other: str) -> bool:
    """One letter replaced, added or left out."""
    short, long = sorted((word, other), key=len)
    if len(long) - len(short) > 1:
        return False
    place = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[place + (len(short) == len(long)) :] == long[place + 1 :]
