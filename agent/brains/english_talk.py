"""How English people talk without wanting a picture made: small talk, figures of speech, questions."""

from __future__ import annotations

import re

_I = re.IGNORECASE

NOT_A_WISH = re.compile(
    r"^mirror,? mirror\b|^(?:please )?(?:don't|do not|never|no need to|stop|you (?:don't|do not) (?:need"
    r"|have) to) (?:draw|paint|generate|create|make|change|edit|touch"
    r"|do)(?:ing)?\b(?!.*\b(?:instead|just|but)\b)"
    r"|^(?:i (?:don't|do not|won't) (?:want|need)|i(?:'d| would) rather (?:not|just)|no need"
    r" (?:for|to)|no|not)\b"
    r"[^,.;]*\b(?:pictures?|images?|drawings?|draw|paint(?:ing)?)\b(?! (?:of"
    r"|with)\b)(?!.*\b(?:draw|paint) an? )",
    _I,
)
SMALL_TALK = re.compile(
    r"(?:hi|hello|hey|thanks?|thank you|thx|bye|goodbye|good (?:morning|evening|night"
    r"|afternoon|day)|cool|nice|great|ok|okay|lol|haha|wow|yes|no|help|sure|perfect"
    r"|awesome|i (?:really )?(?:like|love) (?:it|this|that|them)(?: a lot| so much| very "
    r"much)?|looks (?:good|great|nice|amazing|lovely|perfect)|(?:that|it|this)(?:'s| is| "
    r"looks) (?:good|great|nice|cool|perfect|beautiful|amazing|lovely|pretty|so cute|cute"
    r"|wonderful|awesome|funny|fine|all|so (?:good|nice|pretty|cool))(?: work| job)?|well "
    r"done|good (?:job|work)|nice work|(?:my|mine) too|me too|never ?mind|forget it|you "
    r"too|see you(?: later| tomorrow)?|i'm (?:bored|tired|happy|sad|hungry|back|fine|good)"
    r"|test(?:ing)?|do (?:that|this|it)(?: for me)?|how's it going|what's up|(?:i )?(?:love"
    r"|like) (?:the|that|this|these"
    r"|those|your) [\w ]+)",
    _I,
)
TALK = re.compile(
    r"^(?:how (?:do|does|can|could|should|would|did|to|come)(?: i| you| we| one| people| "
    r"someone| they| artists)?\b(?! (?:it|this|that|he|she|the \w+) "
    r"(?:look|feel|seem|sit|stand))(?!.*\bmany\b.*\bin (?:it|the picture|this)\b)|how (?:are|is"
    r" (?:it going|life"
    r"|your)|old are you|long (?:does|did|will)|much (?:does it cost|do you)|to)\b|teach me"
    r"|explain how|why\b|tell me (?:a (?:joke|story|fact|bit)|something|about (?!(?:the"
    r"|this|that|my) (?:picture|image|photo|first|second|last|third)|it\b|this\b|that\b|#)"
    r"|how|more about you|who|when)|what(?:'s| is| are) (?:the (?:best|easiest|right"
    r"|proper|fastest) way|your (?!take|guess)|a |an |some |the (?:difference(?! between (?:them"
    r"|these|those|the (?:two"
    r"|three|pictures|images|versions|first)))|meaning"
    r"|capital|weather|time|point|date))|what(?:'s| is)? (?:can|do|could|would|are|were"
    r"|should) (?:you|i|we|u)\b(?! look like (?:with|without|as|in)\b)(?!.*\b(?:see|think (?:of|about)"
    r"|notice|(?:about|with|on) (?:it|this|that|these)\b|in (?:it|this|the "
    r"picture)))|what (?:kinds?|sorts?) of (?:pictures?|images?|things?|stuff|styles?|art|drawings?)"
    r"|what (?:languages?|models?|engines?|sizes?"
    r"|styles?|things?) (?:can|do|are)|who (?:are|is|made|built|created|painted|was"
    r"|invented) (?:you|the mona|van|picasso|(?!this|that|he|she|it|in|on|these"
    r"|those)\w+)\b(?!.* (?:in|on) (?:the|this|that))"
    r"|when (?:did|was|is|will|do)|where (?:are you|do you(?! think)|did you|can i|should i)|do "
    r"(?:you|we|i|people)\b|does (?:anyone|it cost|this app|reverie)|any (?:idea|clue|tips?|advice"
    r"|thoughts) (?:on |about |for )?(?:how|what|why|where|when)?|did you (?:know|sleep|enjoy|have|get"
    r"|mean|learn"
    r"|like)|are you|were you|is (?:it|there) (?:raining|sunny|cold|hot|going|ok(?:ay)? "
    r"(?:if|to)|possible|a way|any way|free|safe|legal|hard|difficult|easy|true|you\b)"
    r"|(?:can|could) you (?:draw|paint|write|sing) (?:like|as well as) (?!(?:an?|the|this|that"
    r"|it)\b)\w+(?: \w+)?$"
    r"|(?!(?:th|it)\w+ )\w{3,}s (?:shouldn't|should never|should not|can't|cannot|don't|never|always"
    r"|usually|often)"
    r" (?!be\b|look\b|have\b|match\b|fit\b)\w+"
    r"|what (?:would|does|will|did) (?:it|this|that|these) (?:cost|take)\b|if (?:it|this|that) (?:were"
    r"|was) (?:yours|mine)\b"
    r"|would it be (?:hard|difficult|easy|rude|weird|cheating)\b|picture (?:quality|frames?|books?|windows?)"
    r" (?:is|are|on|in|of)\b"
    r"|(?:can|could) you (?:draw|paint|edit|see|speak|understand|make|create|generate"
    r"|handle|read)(?: (?:pictures|images|photos|things|people|hands|well|anything|too"
    r"|chinese|english|me))*$"
    r"|i (?:drew|painted|made|saw|have|had|went|was|am|used|learned|learnt|read|love|like"
    r"|enjoy|hate|think|believe|know|don't|did|can't|cannot|studied|wish i|never|always"
    r"|usually|often|just (?:wanted to (?:say|talk|chat)|finished|learned))\b(?!.* (?:so"
    r"|but) (?:please |can you |could you )?(?:draw|make|add|change|remove|paint))(?! "
    r".*\b(?:better|more|best|back)\b)(?!.*\bto be\b)|(?:my|our) (?:sister|brother|mother"
    r"|mom|father|dad|friend|son|daughter|wife|husband|boss|teacher|kid|kids|colleague"
    r"|neighbou?r|grandma|grandmother|team|cat is|dog is|day|favou?rite"
    r"|name)\b(?!.*\bneeds?\b)|we (?:went|had|were|are|have|saw)\b|today (?:was|is|i)"
    r"|yesterday|(?:the )?weather|speaking of|by the way, (?:i|how|what|do)|let's (?:talk"
    r"|chat|discuss)|can we (?:talk|chat|discuss)|recommend|suggest|give me (?:some "
    r")?(?:advice|tips|ideas|a hint|a moment|a second|a minute|a break|suggestions"
    r"|inspiration|feedback|the (?:recipe|definition|news)|five(?! [a-z])|your opinion)|write"
    r" (?!quote)(?!.* (?:on|onto|under|over|above) )"
    r"|translate|calculate|compute|solve|sing|recite|summari[sz]e|define|tips|what does "
    r".* mean|which (?:is|of (?:your|the following)|country|city|planet|animal is|model"
    r"|engine|language)|(?:what|who)(?:'s| is) (?:that guy|the president|the author)"
    r"|remind me|wake me|show me (?:how|the way|your|what you can)|help me (?:understand"
    r"|with my|write|decide|choose)|it(?:'s| is) (?:raining|sunny|late|cold|hot|my "
    r"birthday|been|friday|monday)|make (?:sense|sure(?! (?:that )?(?:the|it|he|she|there)\b)|it "
    r"(?:quick|snappy|count|happen|stop|work)|me (?:laugh|happy|smile|a sandwich"
    r"|coffee|some coffee|proud))|(?:that|it|this) (?:makes sense|made my day|is (?:how"
    r"|why|what)))",
    _I,
)
FIGURATIVE = re.compile(
    r"\b(?:can|could|try to|to|just|just try and|please)? ?picture (?:him|her|them|it|that|me|us"
    r"|yourself|myself|this scene|the scene"
    r"|their|his|my face)\b(?! as (?:an? )?(?:drawing|painting))|\b(?:sketch|picture|drawing|outline"
    r"|draft|overview|image) (?:of|about"
    r"|showing) (?:how (?!an?\b)|what (?!an?\b)|why|when|where|the (?:process|plan|situation|idea"
    r"|future|market|economy))"
    r"|\bdraw (?:me |us |him |her )?(?:a|the|another) (?:bath|card(?= (?:from|please|now))|salary"
    r"|pension|crowd|raffle)\b"
    r"|\bcreate (?:me )?an? [\w-]+ (?:list|plan|schedule|account)\b"
    r"|\bdraw(?:s|ing|n)? (?:a |an |any |the |some |your |my |its |their |his |no |our "
    r")?(?:own )?(?:firm |quick |clear |hard |valid |logical |important )?(?:conclusions?"
    r"|lines? (?:between|at|in the sand|under|somewhere|there|here)|line\b(?= *(?:at|between|$|\?))"
    r"|comparisons?|parallels?|distinctions?|analog(?:y|ies)|attention|inspiration|blank"
    r"|straws?|lots|breath|salary|pension|money|cash|near|closer|strength|criticism"
    r"|crowds?|on (?:my|your|our|his|her|their|past|experience|years)|up (?:a |the "
    r")?(?:contract|plan|will|list|budget|schedule)|out the|lessons?|inferences?|curtains?"
    r"|short straw|power|blood|water from|to (?:a close|an end)|customers?|visitors"
    r"|interest|moral|the moral|praise)\b(?! of [a-z]+s\b)|\bdraw(?:s|ing|n)? fire\b"
    r"|^(?:imagine|suppose|pretend|say) (?:i|we|someone) (?:asked|told|wanted)\b"
    r"|\b(?:really|nearly|almost) painted\b"
    r"|\bluck of the draw\b|\b(?:was|is|ended in|ended as|it's) a draw\b|\bprize draw\b"
    r"|\bback to the drawing board\b|\bdrawing board\b|\bpaints? (?:the town|a (?:grim"
    r"|bleak|rosy|clear|different|dark|gloomy|positive) picture)|\bpicture(?:'s)? (?:this"
    r"|perfect)\b(?!.*[?])|\bpicture of (?:health|innocence)\b|\b(?:get|see|got|seeing"
    r"|look at) the (?:(?:big(?:ger)?|whole|full) picture\b(?!.* of)|picture$)|\bbig(?:ger)? picture\b"
    r"|\bgenerat(?:e|ing) (?:revenue|income|money|leads|interest|traffic|buzz|a (?:report"
    r"|password|random number|list|summary|poem|story|name|title|text))|\bcreate (?:a |an "
    r")?(?:account|password|spreadsheet|playlist|job|value|function|poem|story|list|table"
    r"|essay)\b|\bmake (?:a |an )?(?:decision|mistake|wish|difference|guess|list|plan|call"
    r"|reservation|deal|joke|point|living|phone call|cup of (?:tea|coffee)|backup"
    r"|appointment|suggestion|promise)\b|\bpaint(?:ing)? myself into a corner|\bshow me "
    r"the (?:money|ropes|door)\b|\bchange (?:my|your) mind|\bturn (?:the tables|over a "
    r"new leaf)|\badd insult|\bcatch my drift\b|\bsketchy\b|\bdraw (?:the )?(?:game"
    r"|match)\b",
    _I,
)
VAGUE = re.compile(
    r"do something (?:with|about|to) .+|make (?:some|a few|any) changes(?: (?:to|in) (?:it|this|that))?"
    r"|something(?:'s| is| looks| "
    r"feels)? (?:wrong|weird|odd|strange|bad|funny)(?: (?:with|about|in) "
    r".+)?|i (?:want|need|would like|'d like) (?:it|this|that) (?:different(?:ly)?|better|changed"
    r"|nicer)|here (?:you go|it is|you are|is (?:it|one|my (?:photo|picture)))"
    r"|(?:change|swap|switch) (?:the|its|some) (?:colou?rs|styles?|things)|(?:make|let) (?:it|this) "
    r"different|do (?:it|that|this) (?:differently|better|again"
    r" differently)|what about (?:this|that|it)(?: one| picture| photo)?|(?:(?:it|that|this"
    r"|something)(?:'s| is| looks| feels| seems)? )?(?:still |just |somehow )*(?:not (?:quite |really "
    r"|exactly )*"
    r"(?:right|it|there|there yet|what i (?:had in mind|imagined|was after))|off|missing something"
    r"|needs (?:some )?work"
    r"|could be (?:better|nicer))(?: yet| here)?|i (?:don't|do not) (?:really |quite )*(?:love|like) "
    r"(?:it|this|that|how it (?:looks"
    r"|turned out))(?: (?:much|yet|that much))?|(?:change|fix|improve|edit|adjust|alter|tweak"
    r"|refine) (?:something"
    r"|things|a few things|a bit|some"
    r" things)(?: (?:here|in it|about it))?|(?:draw|paint|make|create|sketch|generate) (?:me |us "
    r")?(?:a |some |an? )?(?:thing|stuff"
    r"|things|something (?:for me|nice))|"
    r"(?:(?:change|fix|edit|modify|adjust|improve|alter|update|tweak|refine) (?:it|this|that|something"
    r"|the picture|the image|the photo|them|one of them)(?: a bit| a little| somehow| up)?"
    r"|make (?:it|this|that|the picture|the image)(?: look)? (?:better|different|nicer|more "
    r"interesting|pop|good|prettier|cooler|special|perfect|right)|do something(?: else| "
    r"different| with (?:it|this))?|(?:draw|make|paint|create|generate|show me|do) "
    r"(?:something|anything|a picture|an image|a drawing|me something|one|me a picture"
    r"|some art|pictures?|images?|art|a painting|a photo)(?: (?:nice|cool|beautiful|for me"
    r"|new|different|please|else))*|i (?:want|need|would like|'d like) (?:something|a "
    r"picture|an image|a drawing|a change|some changes?|an edit)(?: different| new| else)?"
    r"|something (?:else|different|nice|cool|new)|(?:the )?other one|not (?:that|this) one"
    r"|the other|edit|change|draw|paint|generate|remove|add|wrong(?: one)?|not like that"
    r"|(?:it|that)(?:'s| is| looks) (?:wrong|weird|bad|ugly|not right|off|not what i "
    r"(?:wanted|meant|asked for))|not what i (?:wanted|meant|asked for)|i don't like (?:it"
    r"|this|that)|a different (?:colou?r|style|background)|(?:another|a different|some "
    r"other) (?:colou?r|style|background)|change the (?:colou?r|style|background)|use a "
    r"different (?:colou?r|style|background))",
    _I,
)
LEFT_ALONE = re.compile(
    r"(?!.*\b(?:edit|change|step)s?$)(?:forget(?: about)?|ignore|skip|leave|never ?mind|enough of"
    r"|enough with|scrap|drop|no more) "
    r"(?:about )?(?:the|that|this|my|all"
    r" (?:the|that)|those|these)?(?: \w+){1,3}$(?<!alone)(?<!color)(?<!colour)|forget \w{2,}s",
    _I,
)
""" "forget the cat": what is let go before a new wish."""
PICKS = re.compile(
    r"(?:i )?(?:like|love|prefer|pick|choose|take|want|go with|'ll take)\b|i'(?:d|ll)\b|the\b|let's\b"
    r"|number\b|#\d",
    _I,
)
QUESTION = re.compile(
    r"(?:(?:any |the )?difference between|what|what's|who|who's|whose|where|where's|which|how many"
    r"|how much|how (?:big|old"
    r"|tall|far|large|long|wide|high|fast)|is|are|was|were|does|do(?! (?:it|this|that|them|the"
    r"|an?)\b)|did|has|have(?! (?:the \w+|it|him|her|them) (?!been|got|\w+ed))|can you (?:see|tell|describe"
    r"|read|count|spot|find|identify|recogni[sz]e)|could you (?:tell|describe|read)"
    r"|describe|compare|tell me (?:what|about|how many|where|which|who|if|whether)|caption"
    r"|identify|read|count|any(?:thing|one|body)?|explain (?:this|the|what)|recogni[sz]e|what colou?r|do you "
    r"see|analy[sz]e|give me (?:a )?(?:description|caption)|write a (?:caption"
    r"|description)|look at)\b",
    _I,
)
QUESTION_ANYWHERE = re.compile(
    r"\b(?:is (?:that|this|it|there)|are (?:there|those|these|they)|what|which|how many"
    r"|who|where|does|did)\b",
    _I,
)
GENERAL_QUESTION = re.compile(
    r"\b(?:take you|did you (?:use|do|learn|make)|weather|time is it|what day|your name|meaning"
    r" of life|capital of|president|you "
    r"(?:think|feel|like) (?:about (?:ai|art|life))|can you do|what next|should (?:i|we) "
    r"(?:draw|make|do|add)|in (?:general|real life)|invented|world)\b|^what (?:about|if)\b"
    r"|^what(?:'s| is| are) the (?:best|cheapest|healthiest|easiest) \w+(?: \w+)? (?:for|to)\b"
    r"|\b(?:which|what) (?:model|engine|software|program|app|tool|ai|network) (?:made|did|drew"
    r"|generated|created)\b"
    r"|\bhow (?:big|large) (?:is|are) (?:this|the|that|these) files?\b"
    r"|\b(?:biggest|largest|smallest|longest|highest|most|maximum) [\w ]+ (?:you can|you could|possible"
    r"|allowed)"
    r"|^is there (?:a|any) (?:limit|maximum|cap|shortcut|quota)\b|^can i (?:undo|change|edit|delete"
    r"|rename|redo) .*\b(?:later|afterwards)\b"
    r"|^(?:what|which|who|where)(?:'s| is| was| are| were)? (?:the )?(?:\w+est|first"
    r"|most \w+) [\w ]+ (?:in|of|on) (?:europe|asia"
    r"|africa|america|australia|earth|history|space|the (?:us|uk|sea|ocean|universe|country))\b"
    r"|\b(?:did|do|does|can|could) (?:people|humans|we|scientists|artists|painters|kids|children) \w+"
    r"|^what happens (?:to|when|if"
    r"|with)\b"
    r"|^how about\b|^(?:is|are) (?:you|we)\b|^what is (?:love|art|ai|life)\b|^(?:does|do"
    r"|are|is) (?:all |most )?(?:cats|dogs|birds|people|cars|fish|cows|horses|bananas"
    r"|apples)\b|^have you\b",
    _I,
)
PICTURE_WORD = re.compile(
    r"\b(?:this|that|the|my|these|those|each|both|first|second|last|your) (?:\w+ "
    r")?(?:pictures?|images?|photos?|drawings?|paintings?|pics?|photograph|screenshot)\b"
    r"|#\d|^describe\b(?=.*\b(?:it|this|that|them|picture|image|photo)\b)",
    _I,
)
POINTING = re.compile(
    r"\b(?:it|this|that|these|those|they|them|here|he|she|his|her|its)\b(?! (?:is raining|rain))", _I
)
OF_THE_WORLD = re.compile(
    r"(?:are|is|does|did|was|were|who|when|where|why|do (?!an?\b|another\b|more\b|two\b|three\b|the\b"
    r"|one\b|it\b|me\b|us\b|some\b))\b",
    _I,
)
CORRECTION = re.compile(
    r"(?:i (?:meant|said|mean) |what i (?:meant|said|wanted|had in mind) (?:was|is) "
    r"|not that,? )(?!that\b|it\b)(?P<what>.+)",
    _I,
)
GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|so|well|um+|hm+|and|but|thanks|good (?:morning|evening"
    r"|afternoon))\b[\s,.!:-]*)+",
    _I,
)
NOT_THAT = re.compile(r"not (?:an?|the|another|any) (?!.*\b(?:but|rather)\b)", _I)
STRONG_ORDER = re.compile(
    r"(?:please )?(?:draw|paint|sketch|illustrate|render|doodle)(?: me| us)? (?:an?|the|some|one"
    r"|two|three|four"
    r"|my|\d+)\b",
    _I,
)
_IDIOM = re.compile(
    r"\b(?:raining cats and dogs|no oil painting|not (?:all |that )?black and white"
    r"|under the weather|over the moon|top of the world|due respect"
    r"|without a doubt|in the dark"
    r" about|thumbs up|flip a coin|mouth is|give (?:it|me|him|her|us) a (?:rest|hand|break|sec"
    r"|minute|call|try)|keep it real"
    r"|keep the change|drop it|cut it out|take it easy|hide and seek|color me|move (?:on|over)$"
    r"|mirror mirror|elephants? in the room|wild[- ]goose chase|pieces? of cake|icing on the cake"
    r"|early bird|sleeping dogs|hold (?:your|my) horses|cart before the horse|curiosity killed"
    r"|gr[ae]y area|white lies?"
    r"|blue moon|out of the blue|red (?:tape|flags?|herring)|green with envy|apple a day|apple"
    r" of (?:my|his|her)"
    r"|break (?:a leg|the ice)|bite the bullet|spill the beans|cold feet|needle in a haystack"
    r"|tip of the iceberg"
    r"|thousand words|tells? a story|frown|turn (?:the page|over a new leaf|heads|back time|in"
    r" early)|out of the"
    r" bag|bull in a china|storm in a teacup|kick the bucket|wrong tree|pigs (?:can )?fly|birds"
    r" of a feather|golden"
    r" opportunity|silver lining|fish in the sea|shed (?:some )?light|same (?:brush|page|boat)|in the"
    r" picture(?! (?:of|frame))(?<=yourself in the picture)|get the picture|change of (?:scenery"
    r"|heart|plans?|mind|pace)"
    r"|the topic|the subject of (?:the )?(?:talk|conversation)|change the (?:subject|topic)"
    r"|monkey business|bed of roses"
    r"|(?:my|your|his|her|everyone's) cup of tea(?= *$)|rose-colou?red|tickled pink|flying colou?rs"
    r"|in the (?:black|red) (?:again"
    r"|this)|iron (?:it )?out|carve out|(?:my|your|our) (?:life|memory|calendar|head)\b"
    r"|fuel to the fire|put (?:me|us|him|her|them) in the picture (?:about|on|regarding)|(?:undo"
    r"|repair) the damage|green light from|yellow journalism|castles in the air|sight for sore eyes"
    r"|cover letter|target on (?:his|her|my|your)"
    r" (?:own )?back|mailing list|(?:side|sides) of the coin|drop me a line|what "
    r"you mean|draw me in|make it up to|once upon a time|cry wolf|lion's share|snail's pace)\b",
    _I,
)
_COMMENT = re.compile(
    r"(?:, (?:that's (?:how|what|why) .*|as (?:they say|usual|always|ever)|so to speak|to be (?:honest"
    r"|fair)|i (?:guess"
    r"|suppose))|\bif you ask me"
    r"|, (?:he|she|they|we) (?:said|says|say|told me|thought)|\b(?:tbh|imo|imho)|\? hardly|, you know)\W*$",
    _I,
)
_EXCLAMATION = re.compile(r"(?:what an? |how (?:cute|nice|lovely|funny|beautiful|sweet|cool)\b)(?!.*\?)", _I)
_REFLEXIVE = re.compile(
    r"\b(?:your|my|our|them)sel(?:f|ves)\b(?! portrait)|\b(?:up|out of|on|of) (?:my|your|our|their) minds?\b"
    r"|\bmake (?:my|your) (?:day|week|point)\b",
    _I,
)
_VERB_AS_NOUN = re.compile(
    r"(?:sketch|design|paint|crop|zoom|mirror|colou?rs?|hide|fix|render|turn|flip|add|cut|drop|blur)s? "
    r"(?:(?!the\b|it\b|an?\b|this\b|that\b|some\b)\w+ ){0,3}(?:is|are|was|were)\b|(?:happy"
    r"|merry) (?:birthday|christmas"
    r"|new year|easter)(?: to \w+)?$|"
    r"(?:change|draw(?:ing)?|paint(?:ing)?|work|edit(?:ing)?|design|sketching|art|colou?rs?)"
    r" (?:is|was|are|can be|will be"
    r"|has|keeps|and)\b|(?:a|every|one|the) pictures? (?:is|tells|says|speaks)\b|(?:add|remove)"
    r" (?:that (?:i|we|you|it)\b"
    r"|(?:all )?doubts?\b|it up\b|me (?:on|to|in|as)\b|the doubts?\b)|turn (?:left|right) (?:at"
    r"|on|after)\b|put (?:simply|bluntly|mildly"
    r"|differently|another way|it (?:simply|bluntly|mildly|this way))\b|how (?:about|are) you\b"
    r"|thanks? (?:a|so|you|very)\b",
    _I,
)


def is_figure_of_speech(clause: str) -> bool:
    """Said of something else than what its words name."""
    is_known = FIGURATIVE.search(clause) or _IDIOM.search(clause)
    return bool(is_known or _VERB_AS_NOUN.match(clause))


def is_talk(clause: str) -> bool:
    """Small talk, a figure of speech, a word about life: nothing to draw, whatever verb it uses."""
    if TALK.search(clause) or FIGURATIVE.search(clause):
        return True
    if _VERB_AS_NOUN.match(clause) or _EXCLAMATION.match(clause):
        return True
    asides = any(pattern.search(clause) for pattern in (_IDIOM, _COMMENT, _REFLEXIVE))
    return asides and not STRONG_ORDER.match(clause)
