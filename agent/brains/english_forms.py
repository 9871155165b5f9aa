"""How English people ask: the patterns behind the English reader."""

from __future__ import annotations

import re

from agent.brains.lexicon import COLORS, STYLES

_I = re.IGNORECASE
_COLOR = "|".join(COLORS)
_STYLE = "|".join(map(re.escape, STYLES))
_DEFINITE = (
    r"(?:it|this|that|them|these|those|him|her|his|its|their|the|everything|all|both|my|each|every|#\d+)\b"
)
_EDIT_VERB = (
    r"write|blur|mirror|add|remove|delete|erase|take away|take off|take out|take the|get rid of|replace|swap"
    r"|exchange|substitute|change|turn|recolou?r"
    r"|colou?r|move|flip|mirror|rotate|blur|sharpen|brighten|darken|lighten|crop|zoom|upscale|outpaint"
    r"|resize|enlarge|shrink|convert"
    r"|transform|switch|dress|fill|insert|include|attach|drop|lose|tint|dye|adjust|modify"
    r"|edit|fix|clean up|stylize|stylise"
    r"|(?!recogn|memor|summar|apolog|real|organ|anal|general|ident|not|clar)[a-z]+(?:ify|i[zs]e) "
    r"(?=it\b|this\b|that\b|the\b|him\b|her\b)|restyle|give (?:it|him|her|them|the|this|that|his|every"
    r"|each)|put|place|paint (?:it"
    r"|the|this|that|them|him|her)|set|invert|desaturate|repaint|redraw|cover|hide"
    r"|decorate|wrap|surround|extend|expand|tilt|increase|decrease|reduce|raise|lower|keep"
    r"|leave|let (?:it|the|an?|him|her|there)|have (?:it|the|him|her)|tone|soften|cut out|cut|crop|get "
    r"(?:the|that|this|his|her|its|those|these|him|it|them) [\w ]*?(?:out|off|away)\b|use"
    r" (?=an? |more|less|some|warmer|softer)"
    r"|clear|wipe|apply|scale|spin|stretch|insert|stick|throw in|toss in|pop|introduce"
    r"|bring in|hang (?=an? |the |some |it |two )|restore(?= (?:this|my|it|the (?:photo|picture"
    r"|image))\b)|(?:get|go|come|move)(?: in)?(?: a (?:bit|little))? closer"
)
_MAKE_DEFINITE = rf"(?:make|render|draw|paint|do|redo|show|have|get|turn|want|need|see|like) {_DEFINITE}"
_NEW_VERB = (
    r"draw|paint|sketch|generate|create|render|design|illustrate|imagine|produce|show me"
    r"|give me|make me|make an?|make one|make two|make three|doodle"
)

SPLIT = re.compile(
    r"(?:(?<=[a-z0-9'\")])[.!;?]+(?:\s+|$)"
    r"|[,;]?\s*\b(?:and |but )?(?:then|after that|afterwards?|after which|next up|finally"
    r"|subsequently|once (?:that's|that is|it's) done)\b,?(?: and)?\s+(?!as\b)"
    r"|(?:[,;]\s*(?:and |but |so |basically |anyway,? )*|\s+(?:and|but|so|basically)\s+)(?=(?:i"
    r" (?:want|need|meant?)|(?:would|'d) (?:need|like|love) (?:an?|some)"
    r"|i'd (?:like|love)|i would (?:like|love)|could you|can you|would you)\b(?! (?:to|that|you|it|go)\b))"
    r"|[,.]?\s+so,? (?=(?:how|what) about\b|please\b|can you\b|could you\b|would you\b|draw\b|paint\b"
    r"|make\b|an? \w|maybe\b|perhaps\b|let's\b)"
    rf"|(?:[,:]\s*(?:and |but |now )?|\s+(?:and|but)\s+)(?:please |also |now |just |could you "
    rf"|can you )*(?=(?:{_EDIT_VERB}|{_NEW_VERB})\b|make (?:it|the|this|that|him|her|them"
    rf"|his|everything)\b|(?:go|come|switch) back\b|undo\b|continue with\b|use (?:the|an?)\b|try"
    rf" again\b|(?:forget|ignore) (?:the|about)\b|start over\b))",
    _I,
)

LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|great|nice|cool|perfect|lovely|awesome|wow|thanks(?: "
    r"a (?:lot|bunch|million|ton)| so much)?|thank you(?: so much| very much)?|good(?: job| one)?(?! "
    r"(?:night|morning|evening|afternoon|day|bye|luck|grief)\b)"
    r"|alright|right(?! (?:one|picture|image|version|side|[a-z]+ (?:in|with))\b)|sure|definitely"
    r"|absolutely|oh no"
    r"|yes|yeah|yep|no(?=\s*[,.!;:-]|\s+(?:i|it|not|the|that|this|please|make|put|go|use|draw|he|she"
    r"|they|we|you|wait|sorry|thanks|actually|but)\b|\s*$)|nope|oh|ah|hm+|um+|uh|well|so|and|but|also"
    r"|now|actually|wait|sorry"
    r"|please|kindly|just|maybe|perhaps|first(?: of all|ly)?(?=, |[ ,]+(?:[a-z]+ (?:me |us )?(?:an?"
    r"|the|it|some|two|my)\b|an? |the ))|second(?:ly)?,|next,?|then|finally|instead(?! of)|again,"
    r"|beautiful|amazing|excellent|fine|hmm+|not bad|i see|dear|reverie|bot|there(?!')(?! (?:should|is"
    r"|are|must|could|needs?|has|was|were|would)\b)"
    r"|everyone|friend|never ?mind|on second thou?ghts?|for starters|to start(?: with)?|oops"
    r"|start with(?= an? )|i was thinking(?: that)?(?: maybe)?(?= (?:the|it|he|she)\b)"
    r"|both(?= the \w+ and the \w+ (?:should|needs?|must|could|can)\b)"
    r"|(?:they(?:'re| are) )?all bad|none (?:is|are|of (?:them|these)(?: is| are)?) (?:good|right|it)"
    r"|i don't like any(?: of (?:them|these))?"
    r"|i was thinking (?:of|about)(?: maybe)?(?= (?:an?|some|two|three)\b)"
    r"|let's start,?)\b[\s,.!:;-]*"
    r"|(?:(?:ok(?:ay)?,? )?(?:(?:a )?(?:new|next|another|different|other) (?:idea|topic|wish|request)"
    r"|(?:new|next) (?:one|try|picture|image))|idea|request"
    r"|prompt|scene|let's try (?:something(?: (?:new|else|different))?|this)|try (?:something(?: "
    r"(?:new|else|different))?|this)"
    r"|how about this|what about this|here goes|here(?:'s| is) (?:my|an|the) (?:idea|wish|request)"
    r"|here's one)\s*[:,-]+\s*(?=\S)"
    r"|(?:do me (?:a|the) favou?r and|be a (?:dear|darling|star) and|do us a favou?r and) "
    r"|for (?:my|a|an|the|our|her|his) [^,.]{3,40}?,? (?=i (?:want|need|would|'d)|i'd|we need|please )"
    r"|(?:do you )?think you (?:could|can) |why not (?=\w)|would you like to |if (?:it's|it is|that's"
    r"|that is) (?:not too much (?:trouble|to ask|bother)"
    r"|possible|ok(?:ay)?|alright|no (?:trouble|bother)),? |(?:have you )?(?:got|do you have) (?:the "
    r"|some |any )?time to "
    r"|is there (?:a|any) way (?:to|you (?:could|can)|we (?:could|can)|for you to) (?=(?:get|make|have"
    r"|add|change|remove|turn"
    r"|put|swap|replace|see|draw|paint)\b)|(?:would|is) it"
    r" (?:be )?(?:at all )?(?:possible|ok|okay|alright|fine)(?: for (?:you|me))? (?:to|if you) (?:(?:get"
    r"|have|see)(?: me)? (?=an?"
    r"|one|some|two|three))?|(?:is there )?any chance (?:that )?(?:you (?:could|can)|of) |in that case,? "
    r"|(?:can|could|shall|may|let's) (?:we )?(?:please |maybe )?(?:start|begin|go|kick off)(?: off)? "
    r"(?:with|for) (?=an?\b|some\b|two\b)"
    r"|(?:in|on|as) (?:another|a second|a separate|a different|the other|a new) (?:picture|image"
    r"|one)[, ]+|(?:any|a) chance (?:of|for) (?=an?\b|some\b)|i (?:bet|doubt|wonder if|wonder "
    r"whether) (?:that )?you (?:can(?:'t|not)?|could(?:n't)?) "
    r"|(?:can|could|shall|may) we (?:please |maybe |also |just )*(?=(?:add|lose|have|get|make"
    r"|change|remove|turn"
    r"|put|try|draw|paint|replace|swap|give|drop|move|see)\b)"
    r"|(?:can|could|would|will) (?:you|u)(?: please| kindly| maybe| possibly| also| just| "
    r"perhaps| now| quickly| then)*(?: be able to| help me(?: to)?(?! (?:name|find|choose|write|pick"
    r"|decide|think|remember|learn|plan)\b)| try (?:to|and)| go "
    r"ahead and)?\s+(?!see\b|tell\b|read\b|describe\b|like to|you\b)"
    r"|(?:would|do) you mind (?:if you )?|is it possible to |(?:may|might|could|can) (?:i"
    r"|we) (?:please )?(?:get|have|see|request) (?=an? |some |one |two |three |four |\d"
    r"|another|the |(?:it|this|that) (?!in print|printed|as (?:an? )?(?:file|png|jpe?g|pdf)))"
    r"|i(?:'d| would)(?: really| also| just)? (?:like|love)(?: for)?(?: you)? to (?:see"
    r"|have|get|look at) (?=an? |some |one |two |three |four |\d|another|my )|i(?:'d| "
    r"would)(?: really| also| just)? (?:like|love|want|prefer)(?: for)? you to "
    r"|i (?:want|need|would love|wish)(?: for)? you to |i want to (?:see|have|get) (?=an? "
    r"|some |two |three |another )|(?:i was|i'm) (?:wondering|hoping) (?:if )?(?:you "
    r"(?:could|can|would)|that you could) |it would be (?:nice|great|cool|lovely|awesome) "
    r"(?:if you (?:could|would) |to )?"
    r"|(?:please )?(?:go ahead and|try to|try and|help me(?: to)?(?! (?:name|find|choose|write|pick"
    r"|decide|think|remember|learn|plan)\b)|be so kind(?: as)? to"
    r"|feel free to|let's(?= (?:add|make|change|remove|turn|put|try|draw|paint|replace"
    r"|swap|give|create))|how about (?:we|you)|why don't (?:we|you)|what if (?:we"
    r"|you)|shall we|i think (?:you should|we should|we could)|you (?:should|could|can"
    r"|may)|we (?:should|could|can)|i'd appreciate it if you(?: could)?|if you (?:could"
    r"|can|don't mind),?|for me,?|my turn)\s+)",
    _I,
)
TAIL = re.compile(
    r"(?:,\s*right|[\s,]+(?:please|thanks(?: a lot)?|thank you(?: so much| very much)?|for me|ok"
    r"|okay|if (?:you can|possible|you please|you don't mind|that's ok)|will you|would you"
    r"|can you|could you|would be (?:nice|great|cool|lovely|awesome|perfect)|is "
    r"what i want|now|afterwards|as well|too|then|cheers|next|quickly|asap|now please"
    r"|though|i guess|i think|haha|lol|:\)))[\s.!?]*$",
    _I,
)

REMARK = re.compile(
    r"(?:keep|leave|make) (?:it|this|that|everything|things) (?:\w+ )?(?:simple|clean|minimal"
    r"|plain|short|light|fun"
    r"|realistic|cute|nice|as is|as it is)\b",
    _I,
)
"""A word on the manner of a picture just asked for, no change of it."""
WOULD_BE = re.compile(
    r"(?:maybe |perhaps )?(?P<what>(?:(?:an?|some|two|three|a few|more|a couple of|one|another|a"
    r" little) [\w ,'-]+?|(?!(?:th|it|al)\w+ )\w{3,}s(?= would be)))"
    r"(?: there| here)? (?:(?:wouldn't|would not) hurt|(?:would|could|might|will) (?:be|look|make"
    r"|really|fit|suit|liven|help"
    r"|do|work|go|add))\b.*",
    _I,
)
""" "a moon behind it would be nice": what is wished for."""


EDIT = re.compile(
    rf"(?:also |now |just |please |then )*(?:{_EDIT_VERB})\b(?! (?:me )?(?:an?|some|one|two"
    rf"|three|any|my|old) (?:\w+ )?(?:picture|image|drawing|photo)s?\b)(?! (?:is|was|are|will"
    rf"|that (?:i|we|you|it)"
    rf")\b)|(?:also |now |just "
    rf")*{_MAKE_DEFINITE}(?! (?:picture|image|photo|drawing) of\b)",
    _I,
)
EDIT_STATE = re.compile(
    r"^(?:the|its?|his|her|their|that|this|he|she|they)\b ?[\w ]*?(?:should|must|needs?|has to|ought to"
    r"|could|can|would|might) (?:be|have|look|become|wear|get|use|hold|sit|stand|face|an?|some"
    r"|more|less|to)\b"
    r"|^(?:how|what) about (?:some|a few|a bit of|a little|more|another|less|fewer) (?!\w+ (?:idea"
    r"|time|fun))\w+|^(?:the \w+|it|he|she) is missing |^(?:i'd|i would) rather (?:have|see) "
    r"|^(?:i (?:want|would like|'d like|need|would prefer|'d prefer|wish)|i'd (?:like"
    r"|prefer|love)) (?:it|the|this|that|him|her|them|everything|there)\b(?! (?:picture"
    r"|image|photo) of)|^i(?:'d| would)? (?:want|like|love) to (?:see|have) (?:it|him|her|them|the \w+"
    r"|this|that) (?!again|back|once|from)"
    r"|^what would (?:i|we) look like (?:with|without|as|in)\b"
    r"|^i (?:want|need|'d like|would like) (?:to (?:add|remove|change"
    r"|replace|turn|make the|make it|delete|swap|recolou?r|put|move)|(?:an?|some|more|less"
    r"|no) [\w ]+ (?:in|on|next to|behind|in front of|above|under|below|beside|to) (?:it"
    r"|him|her|the|them|there)\b)|^(?:what if|how about|what about|how would|what would"
    r"|can|could|would|may|might) (?:it|the|this|that|he|she|they|there|making|adding"
    r"|removing|changing|turning|putting|giving|replacing)\b|^(?:let|have) (?:it|the|him"
    r"|her|there|this)\b|^(?:me|him|her|us|them) but\b|^(?:same|the same)(?: thing| one| picture"
    r"| image| \w+)?,? (?:but"
    r"|only|just|except|with|without|in|at|on|as)\b|^(?:it|he|she|they|the \w+)(?: |(?='s))(?:is|are"
    r"|looks?|seems?|'s) (?:still |way |far |much |a bit |a little |kind of |just |really )*too \w+"
    r"|^there (?:should|must|could|needs to|has to) be\b|^(?:adding|removing|changing|turning|making"
    r"|putting|giving|replacing) ",
    _I,
)
ALSO = re.compile(
    r"(?:and |also |plus |oh |with )+(?P<what>(?:an?|some|two|three|more) [\w -]+?),? (?:too|as"
    r" well|also)[.! ]*|(?:plus|along with|and also|and(?= (?:an?|some) )) (?P<plus>(?:an?|some|two"
    r"|three|more) [\w -]+?)[.! ]*",
    _I,
)
""" "and a cat too" is for the same picture."""
MUST_HAVE = re.compile(
    r"(?:make sure (?:that )?)?(?:the |that |this )?(?P<thing>\w+(?: \w+)?) (?:should|must|needs?(?: "
    r"to)?|has to|ought to|could use|wants) .+"
    r"|make sure (?:that )?the (?P<thing2>\w+) .+",
    _I,
)
""" "cat should look at us": of a thing that the picture shows."""
NOW_STATED = re.compile(r"the (?P<thing>\w+(?: \w+)?) (?:\w+s|should|must) .+ now[.! ]*", _I)
""" "the sign says SALE now": a change told as a fact."""
WISHED_PICTURE = re.compile(
    r"(?:(?:my|our|the) (?!cat|dog|car)[\w']+(?: \w+){0,2}? |(?:i|we|he|she|they|someone)(?:'d|'ll"
    r"|'m)? |it's |this is"
    r" )?(?:\w+ ){0,2}(?:wants?|appreciate|needs?|wished? for"
    r"|be (?:delighted|happy|glad|thrilled|grateful)|kill for|asked for|asks for|hop(?:e|ing) for"
    r"|could use|looking for|'d (?:like|love)|would"
    r" (?:like|love)|would be)"
    r"(?: to (?:see|have|get|order|request|commission))? (?=(?:an?|one|some|two|three|four|\d)"
    r" (?:\w+ )?(?:pictures?"
    r"|images?|photos?|drawings?"
    r"|illustrations?|portraits?|posters?|logos?|paintings?|ads?|cards?|banners?|flyers?|covers?"
    r"|stickers?|icons?|wallpapers?)"
    r" (?:of|with|showing|about|where)\b)"
    r"|(?:here(?:'s| is) (?:what i (?:want|need)|my idea|the idea|an idea)|(?:the |my )?(?:idea"
    r"|scene|prompt|request)"
    r"|what i want(?: is)?|picture|image): *(?=\S)"
    r"|(?:it's|this is|it is) for (?:an?|my|our|the) [\w ]+: *(?=\S)"
    r"|(?:my|our) [\w']+(?: \w+){0,2}? (?:(?:really |just |desperately |so )?(?:wants?|wanted|would "
    r"(?:like|love)|asked|asks|begs|begged"
    r"|is asking|keeps asking|wishes|'d (?:like|love)) (?:to (?:see|have|get) |for |me for )(?=(?:an?"
    r"|one|some|two|three|four|\d) ))",
    _I,
)
"""A picture wished for by whomever: "my wife wants a picture of ..."."""
SAYS_COUNT = re.compile(
    r"(?:one|two|three|four|\d) (?:\w+ )?(?:pictures?|images?|photos?|drawings?) (?:of|with|showing)\b", _I
)
PUTS_NEW = re.compile(
    r"(?:put|place) (?:an?|some|two|three) \w+(?!.*\b(?:it|the|this|that|my|him|her|them)\b)", _I
)
PICTURE_NOUN = re.compile(
    r"\b(?:pictures?|images?|photos?|drawings?|paintings?|sketch(?:es)?|illustrations?|art|artwork)\b", _I
)
NAMES_ONE = re.compile(
    r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d+|the|my|something|quote\d"
    r"|(?:what|how)(?! (?:you|i|we|they|he|she|it) )) ?",
    _I,
)
PAINTS = re.compile(rf"(?:draw|paint|sketch|illustrate|doodle|depict)\b|{WISHED_PICTURE.pattern}", _I)
WEAK_ORDER = re.compile(r"(?:i|let|have|get|see|need|want|do|find|looking|would|we)\b", _I)
MANNER = re.compile(
    r"(?:really |very |so |quite |pretty )*(?:well|better|fast|faster|often|a lot|badly|slowly)", _I
)
WANTS_A = re.compile(r"(?:i (?:want|need|would like)|i'd (?:like|love)) (?:an?|some|one|two|three)\b", _I)
DRAWS_MINE = re.compile(r"(?:draw|paint|sketch|illustrate|render) (?:me )?my\b", _I)
DRAW_ON = re.compile(
    r"(?:draw|paint|sketch|show|create|generate|render|draw me) (?:also )?(?:(?:an?|some|two"
    r"|three|another|more) )?[\w -]+? (?:on|onto|next to|beside|behind|in front of|above"
    r"|below|under|over|around|near|inside|into|to the (?:left|right) of|left of|right of"
    r"|in|on top of) (?:it|him|her|them|his \w+|her \w+|its \w+|this|that|there|the (?:cat"
    r"|dog|car|picture|image|photo|background|sky|corner))\b",
    _I,
)
MAKE_NEW = re.compile(
    rf"(?:{_NEW_VERB}) (?:me )?(?:an? |some |one |two |three |another |\d+ )|put together "
    rf"an? |make (?:the|a|an) (?:picture|image|drawing|photo) of|(?:draw|paint|render|show"
    rf"|sketch) (?:me )?the (?!picture|image|same|photo|background|whole)(?!.*\b(?:{_COLOR}"
    rf"|bigger|smaller|darker|brighter)$)|set up an? |give me (?:the|an?) ",
    _I,
)
NAMES_IT = re.compile(r"(?!(?:also |now )*(?:add|put|place|insert|include|draw|attach)\b)", _I)
"""Orders whose first object is the thing changed: "give the cat a hat", not "add the hat"."""
PUTS_IT = re.compile(
    r"(?:put|place|set) (?:the|that) [\w ]+? (?:in|on|at|under|inside|into|onto|near|next to|behind) "
    r"(?:an?|some) ",
    _I,
)
""" "put the lighthouse in a storm": the lighthouse is changed."""
ADDS = re.compile(r"(?:also |now )*(?:add|put|place|insert|include|draw|give|attach)\b", _I)
GENERATE = re.compile(
    r"(?:try|have a go at|take a stab at)(?!.* instead of )(?= (?:an?|some|two|three) (?!different|new"
    r"|other|another|bit"
    r"|little))|show(?= (?:an?|some|two|three|what|how)\b)|(?:(?:also |now |just |then )*(?:draw|paint"
    r"|sketch|generate|create|render|design"
    r"|illustrate|imagine|produce|doodle|visuali[sz]e|picture|make|do(?= (?:an?|the|one|two"
    r"|three|some|me|us|\d)\b)|build"
    r"|compose|print"
    r"|draft|depict|craft|prepare|whip|knock|(?:drawing|painting|generating|making|creating)(?="
    r" of\b|:| an? | the )|put together"
    r"|come up with)(?: up| out)?\b(?: me| us)?(?: please)?(?: also)?|(?:need|want|wanted"
    r"|requesting|surprise (?:me|us|my \w+)"
    r" with)(?= (?:an?|some|one|two|three|the|\d)\b)|i(?:'m| am) (?:thinking of|imagining"
    r"|picturing|after)(?= (?:an?"
    r"|some|two|three|the)\b)|i have (?:in mind )?(?=an? .* in mind)|(?:would|i'd) (?:really"
    r" )?(?:love|like|need)(?: to"
    r" (?:see|have|get))?(?= (?:an?|some|one|two|three|the)\b)|(?:have|get|see)(?= (?:an?|some"
    r"|one|two|three) )|(?:show|give|get"
    r"|bring|send|do|paint|find|make) (?:me|us)(?: (?:please|also))?|i(?:'d| would)?(?: "
    r"really| also| just)? (?:want|need|like|love|wish for|fancy|am looking for|'m "
    r"looking for)(?: to (?:see|have|get|draw|create|make|generate|paint))?|i'm "
    r"(?:looking for|after|in need of)|let(?:'s| us| me) (?:see|have|do|draw|paint|make"
    r"|create|get|try)|(?:what|how) about|(?:may|can|could) (?:i|we) (?:have|get|see)"
    r"|(?:we|i) need|time for|next:?|now:?|new(?=\W)(?: (?:picture|image|drawing|one))?:"
    r"|looking for)\s*[:,]?\s*",
    _I,
)
IS_ORDER = re.compile(r"(?:draw|paint|sketch|generate|create|render|make|i want|give me|show me)\b", _I)
NOTHING = re.compile(
    r"(?:the|that) (?:thing|one|picture|image)s? (?:that )?(?:we|i|you) .*|(?:(?:an?|the|some|any|one"
    r"|another) )?(?:(?:nice|new|good|cool|beautiful|pretty|quick|little|random|funny) )*(?:pictures?"
    r"|images?|photos?"
    r"|drawings?|paintings?|sketch(?:es)?|illustrations?|art|artworks?|pics?|thing|stuff)?(?: for "
    r"(?:me|us|my \w+))?|(?:it|this|that|them|me|a|an|the|something|anything|one|pictures?|again|so|to"
    r"|up|more|out)?",
    _I,
)
SUBJECT_LEAD = re.compile(
    r"^(?:(?:also|me|us|now|just|please|instead|for me|here|out|to see|it as|new:?|of"
    r"|that shows|showing|depicting|an?other)\b[\s:,]*(?!$)|(?:(?:an?|the|one|some|another"
    r"|my|your) )?(?:(?:nice|new|quick|simple|beautiful|separate|fresh|different|good|cool"
    r"|single) )*(?:pictures?|images?|photos?|photographs?|pics?|illustrations?|drawings?"
    r"|renderings?|artworks?|renders?|depictions?|scenes?|visuals?|snapshots?) (?:of"
    r"|showing|with|depicting|that shows|containing|featuring|where|in which) )",
    _I,
)
NOUN_PHRASE = re.compile(
    rf"(?:an? |one |two |three |four |five |six |some |\d+ |(?:{_COLOR}) \w+|(?:{_STYLE})\b"
    rf"|(?:(?:picture|image|photo|drawing|painting|sketch|illustration|portrait) of)"
    rf"|(?:cute|happy|big|small|little|old|beautiful|tall|giant|tiny|fluffy|sleepy|huge"
    rf"|sunny|dark|funny) \w+|(?:\w+ ){{0,3}}(?:cat|dog|car|bird|fish|house|tree|flower"
    rf"|robot|star|heart|boat|bus|airplane|cake|pizza|apple|banana|book|clock|chair|cup|hat"
    rf"|umbrella|dragon|unicorn|castle|sunset|landscape|mountain|rocket|horse|elephant"
    rf"|forest|beach|city|portrait)s?\b)",
    _I,
)
ONLY_IT = re.compile(
    r"(?:(?:on|in|with|for|about) )?(?:it|it again|to it|i (?:mean|meant|want|take|choose|like|need) "
    r"it|give me it|it please)",
    _I,
)
CLEAR_CHANGE = re.compile(r"(?:bigger|smaller|darker|brighter|without|remove|same)\b", _I)
ANOTHER_BUT = re.compile(r".*\banother\b.*,? (?:but|this time)\b", re.I)
""" "another balloon, but over the sea" is a picture of its own."""
