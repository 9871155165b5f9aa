"""How English people ask: the patterns behind the English reader."""

from __future__ import annotations

import re

from agent.brains.lexicon import COLORS, STYLES

_I = re.IGNORECASE
_COLOR = "|".join(COLORS)
_STYLE = "|".join(map(re.escape, STYLES))
_DEFINITE = r"(?:it|this|that|them|these|those|him|her|his|its|their|the|everything|all|both|my|each|every|#\d+)\b"
_EDIT_VERB = (
    r"add|remove|delete|erase|take away|take off|take out|take the|get rid of|replace|swap|exchange|substitute|change|turn|recolou?r"
    r"|colou?r|move|flip|mirror|rotate|blur|sharpen|brighten|darken|lighten|crop|zoom|resize|enlarge|shrink|convert"
    r"|transform|switch|dress|fill|insert|include|attach|drop|lose|tint|dye|adjust|modify|edit|fix|clean up|stylize|stylise"
    r"|restyle|give (?:it|him|her|them|the|this|that|his|every|each)|put|place|paint (?:it|the|this|that|them|him|her)|set|invert|desaturate|repaint|redraw|cover|hide"
    r"|decorate|wrap|surround|extend|expand|tilt|increase|decrease|reduce|raise|lower|keep|leave|let (?:it|the|him|her|there)|have (?:it|the|him|her)|tone|soften|cut out|cut|clear|wipe|apply|scale|spin|stretch|insert|stick|throw in|toss in|pop|introduce|bring in"
)
_MAKE_DEFINITE = rf"(?:make|render|draw|paint|do|redo|show|have|get|turn|want|need|see|like) {_DEFINITE}"
_NEW_VERB = r"draw|paint|sketch|generate|create|render|design|illustrate|imagine|produce|show me|give me|make me|make an?|make one|make two|make three|doodle"

SPLIT = re.compile(
    r"(?:(?<=[a-z0-9'\")])[.!;?]+(?:\s+|$)"
    r"|[,;]?\s*\b(?:and |but )?(?:then|after that|afterwards?|after which|next up|finally|subsequently|once (?:that's|that is|it's) done)\b,?(?: and)?\s+(?!as\b)"
    rf"|(?:,\s*(?:and |but |now )?|\s+(?:and|but)\s+)(?:please |also |now |just |could you |can you )*(?=(?:{_EDIT_VERB}|{_NEW_VERB})\b|make (?:it|the|this|that|him|her|them|his|everything)\b|(?:go|come|switch) back\b|undo\b|continue with\b|use the\b))",
    _I,
)

LEAD = re.compile(
    r"^(?:(?:hi|hello|hey|ok(?:ay)?|great|nice|cool|perfect|lovely|awesome|wow|thanks(?: a lot| so much)?|thank you(?: so much| very much)?|good(?: job)?|alright|right|sure|yes|yeah|yep|no|nope|oh|ah|hm+|um+|uh|well|so|and|but|also|now|actually|wait|sorry"
    r"|please|kindly|just|maybe|perhaps|first(?: of all|ly)?(?=[ ,]+(?:draw|paint|make|create|add|generate|remove))|second(?:ly)?,|next,?|then|finally|instead|again,|beautiful|amazing|excellent|fine|good|hmm+|not bad|i see|dear|reverie|bot|there|everyone|friend|never ?mind|on second thou?ghts?|for starters|to start(?: with)?|let's start,?)\b[\s,.!:;-]*"
    r"|(?:can|could|would|will) (?:you|u)(?: please| kindly| maybe| possibly| also| just| perhaps| now| quickly| then)*(?: be able to| help me(?: to)?| try (?:to|and)| go ahead and)?\s+(?!see\b|tell\b|read\b|describe\b|like to|you\b)"
    r"|(?:would|do) you mind (?:if you )?|is it possible to |(?:may|might|could|can) (?:i|we) (?:please )?(?:get|have|see|request) (?=an? |some |one |two |three |four |\d|another|the |it )"
    r"|i(?:'d| would)(?: really| also| just)? (?:like|love)(?: for)?(?: you)? to (?:see|have|get|look at) (?=an? |some |one |two |three |four |\d|another|my )|i(?:'d| would)(?: really| also| just)? (?:like|love|want|prefer)(?: for)? you to "
    r"|i (?:want|need|would love|wish)(?: for)? you to |i want to (?:see|have|get) (?=an? |some |two |three |another )|(?:i was|i'm) (?:wondering|hoping) (?:if )?(?:you (?:could|can|would)|that you could) |it would be (?:nice|great|cool|lovely|awesome) (?:if you (?:could|would) |to )?"
    r"|(?:please )?(?:go ahead and|try to|try and|help me(?: to)?|be so kind(?: as)? to|feel free to|let's(?= (?:add|make|change|remove|turn|put|try|draw|paint|replace|swap|give|create))|how about (?:we|you) (?=\w)|why don't (?:we|you)|what if (?:we|you)|shall we|i think (?:you should|we should|we could)|you (?:should|could|can|may)|we (?:should|could|can)|i'd appreciate it if you(?: could)?|if you (?:could|can|don't mind),?|for me,?|my turn)\s+)",
    _I,
)
TAIL = re.compile(
    r"(?:[\s,]+(?:please|thanks(?: a lot)?|thank you(?: so much| very much)?|for me|ok|okay|if (?:you can|possible|you please|you don't mind|that's ok)|will you|would you|can you|could you|right|would be (?:nice|great|cool|lovely|awesome|perfect)|is what i want|now|afterwards|as well|too|then|cheers|next|quickly|asap|now please|though|i guess|i think|haha|lol|:\)))[\s.!?]*$",
    _I,
)

SHAPES = (
    ("landscape", r"[, ]*\b(?:in |as |using )?(?:a )?(?:(?:landscape|horizontal|wide ?screen|wide|panoramic|panorama) (?:format|orientation|mode|aspect(?: ratio)?|layout|shape|version|size|image format)|(?<=in )landscape\b(?! with| of)|(?:landscape|horizontal)(?=[,.!?]*$)|horizontally|wide ?screen|16 ?[:/x] ?9(?: (?:aspect )?(?:ratio|format))?|3 ?: ?2(?: ratio)?|4 ?: ?3(?: ratio)?|wide(?=[,.!?]*$))\b"),
    ("portrait", r"[, ]*\b(?:in |as |using )?(?:a )?(?:(?:portrait|vertical|tall|upright) (?:format|orientation|mode|aspect(?: ratio)?|layout|shape|version|size)|(?<=in )portrait\b(?! of)|(?:vertical)(?=[,.!?]*$)|portrait(?=[,.!?]*$)(?<!self-portrait)(?<!a portrait)|vertically|9 ?[:/x] ?16(?: (?:aspect )?(?:ratio|format))?|2 ?: ?3(?: ratio)?|3 ?: ?4(?: ratio)?|phone wallpaper(?: format| size))\b"),
    ("square", r"[, ]*\b(?:in |as |using )?(?:a )?(?:square (?:format|orientation|mode|aspect(?: ratio)?|layout|shape|version|size|image format|picture format)|(?<=in )square\b|square(?=[,.!?]*$)|1 ?: ?1(?: (?:aspect )?(?:ratio|format))?)(?=\W|$)"),
)

NOT_A_WISH = re.compile(
    r"^(?:please )?(?:don't|do not|never|no need to|stop|you (?:don't|do not) (?:need|have) to) (?:draw|paint|generate|create|make|change|edit|touch|do)(?:ing)?\b(?!.*\b(?:instead|just|but)\b)",
    _I,
)
SMALL_TALK = re.compile(
    r"(?:hi|hello|hey|thanks?|thank you|thx|bye|goodbye|good (?:morning|evening|night|afternoon|day)|cool|nice|great|ok|okay|lol|haha|wow|yes|no|help|sure|perfect|awesome|i (?:really )?(?:like|love) (?:it|this|that|them)(?: a lot| so much| very much)?|looks (?:good|great|nice|amazing|lovely|perfect)|(?:that|it|this)(?:'s| is| looks) (?:good|great|nice|cool|perfect|beautiful|amazing|lovely|pretty|so cute|cute|wonderful|awesome|funny|fine|all|so (?:good|nice|pretty|cool))(?: work| job)?|well done|good (?:job|work)|nice work|(?:my|mine) too|me too|never ?mind|forget it|you too|see you(?: later| tomorrow)?|i'm (?:bored|tired|happy|sad|hungry|back|fine|good)|test(?:ing)?|how's it going|what's up|(?:i )?(?:love|like) (?:the|that|this|these|those|your) [\w ]+)",
    _I,
)
TALK = re.compile(
    r"^(?:how (?:do|does|can|could|should|would|did|to|come)(?: i| you| we| one| people| someone| they| artists)?\b(?! (?:it|this|that|he|she|the \w+) look)(?!.*\bmany\b.*\bin (?:it|the picture|this)\b)|how (?:are|is (?:it going|life|your)|old are you|long (?:does|will)|much (?:does it cost|do you)|to)\b|teach me|explain how|why\b|tell me (?:a (?:joke|story|fact|bit)|something|about (?!(?:the|this|that|my) (?:picture|image|photo|first|second|last|third)|it\b|this\b|that\b|#)|how|more about you|who|when)|what(?:'s| is| are) (?:the (?:best|easiest|right|proper|fastest) way|your (?!take|guess)|a |an |some |the (?:difference|meaning|capital|weather|time|point|date))|what(?:'s| is)? (?:can|do|could|would|are|were|should) (?:you|i|we|u)\b(?!.*\b(?:see|think (?:of|about)|notice|in (?:it|this|the picture)))|what kinds? of|what sorts? of|what (?:languages?|models?|engines?|sizes?|styles?|things?) (?:can|do|are)|who (?:are|is|made|built|created|painted|was|invented) (?:you|the mona|van|picasso|\w+)\b(?!.* (?:in|on) (?:the|this|that))|when (?:did|was|is|will|do)|where (?:are you|do you|did you|can i|should i)|do (?:you|we|i|people)\b|does (?:anyone|it cost|this app|reverie)|did you (?:know|sleep|like)|are you|were you|is (?:it|there) (?:raining|sunny|cold|hot|going|ok(?:ay)? (?:if|to)|possible|a way|any way|free|safe|legal|hard|difficult|easy|true|you\b)|(?:can|could) you (?:draw|paint|edit|see|speak|understand|make|create|generate|handle|read)(?: (?:pictures|images|photos|things|people|hands|well|anything|too|chinese|english|me))*$"
    r"|i (?:drew|painted|made|saw|have|had|went|was|am|used|learned|learnt|read|love|like|enjoy|hate|think|believe|know|don't|did|can't|cannot|studied|wish i|never|always|usually|often|just (?:wanted to (?:say|talk|chat)|finished|learned))\b(?!.* (?:so|but) (?:please |can you |could you )?(?:draw|make|add|change|remove|paint))(?! .*\b(?:better|more|best|back)\b)(?!.*\bto be\b)|(?:my|our) (?:sister|brother|mother|mom|father|dad|friend|son|daughter|wife|husband|boss|teacher|kid|kids|colleague|neighbou?r|grandma|grandmother|team|cat is|dog is|day|favou?rite|name)\b(?!.*\bneeds?\b)|we (?:went|had|were|are|have|saw)\b|today (?:was|is|i)|yesterday|(?:the )?weather|speaking of|by the way, (?:i|how|what|do)|let's (?:talk|chat|discuss)|can we (?:talk|chat|discuss)|recommend|suggest|give me (?:some )?(?:advice|tips|ideas|a hint|a moment|a second|a minute|a break|suggestions|inspiration|feedback|the (?:recipe|definition|news)|five|your opinion)|write|translate|calculate|compute|solve|sing|recite|summari[sz]e|define|tips|what does .* mean|which (?:is|of (?:your|the following)|country|city|planet|animal is|model|engine|language)|(?:what|who)(?:'s| is) (?:that guy|the president|the author)|remind me|wake me|show me (?:how|the way|your|what you can)|help me (?:understand|with my|write|decide|choose)|it(?:'s| is) (?:raining|sunny|late|cold|hot|my birthday|been|friday|monday)|make (?:sense|sure|me (?:laugh|happy|smile|a sandwich|coffee|some coffee|proud))|(?:that|it|this) (?:makes sense|made my day|is (?:how|why|what)))",
    _I,
)
FIGURATIVE = re.compile(
    r"\bdraw(?:s|ing|n)? (?:a |an |any |the |some |your |my |its |their |his |no |our )?(?:own )?(?:firm |quick |clear |hard |valid |logical |important )?(?:conclusions?|lines? (?:between|at|in the sand|under|somewhere)|line\b(?= *(?:at|between|$|\?))|comparisons?|parallels?|distinctions?|analog(?:y|ies)|attention|inspiration|blank|straws?|lots|breath|salary|pension|money|cash|near|closer|strength|criticism|crowds?|fire|on (?:my|your|our|his|her|their|past|experience|years)|up (?:a |the )?(?:contract|plan|will|list|budget|schedule)|out the|lessons?|inferences?|curtains?|short straw|power|blood|water from|to (?:a close|an end)|customers?|visitors|interest|moral|the moral|praise|fire)\b"
    r"|\bluck of the draw\b|\b(?:was|is|ended in|ended as|it's) a draw\b|\bprize draw\b|\bback to the drawing board\b|\bdrawing board\b|\bpaints? (?:the town|a (?:grim|bleak|rosy|clear|different|dark|gloomy|positive) picture)|\bpicture(?:'s)? (?:this|perfect)\b(?!.*[?])|\bpicture of (?:health|innocence)\b|\b(?:get|see|got|seeing|look at) the (?:big(?:ger)? )?picture\b(?!.* of)|\bbig(?:ger)? picture\b|\bgenerat(?:e|ing) (?:revenue|income|money|leads|interest|traffic|buzz|a (?:report|password|random number|list|summary|poem|story|name|title|text))|\bcreate (?:a |an )?(?:account|password|spreadsheet|playlist|job|value|function|poem|story|list|table|essay)\b|\bmake (?:a |an )?(?:decision|mistake|wish|difference|guess|list|plan|call|reservation|deal|joke|point|living|phone call|cup of (?:tea|coffee)|backup|appointment|suggestion|promise)\b|\bpaint(?:ing)? myself into a corner|\bshow me the (?:money|ropes|door)\b|\bchange (?:my|your) mind|\bturn (?:the tables|over a new leaf)|\badd insult|\bcatch my drift\b|\bsketchy\b|\bdraw (?:the )?(?:game|match)\b",
    _I,
)
VAGUE = re.compile(
    r"(?:(?:change|fix|edit|modify|adjust|improve|alter|update) (?:it|this|that|something|the picture|the image|the photo|them|one of them)(?: a bit| a little| somehow| up)?|make (?:it|this|that|the picture|the image) (?:better|different|nicer|more interesting|pop|good|prettier|cooler|special|perfect|right)|do something(?: else| different| with (?:it|this))?|(?:draw|make|paint|create|generate|show me|do) (?:something|anything|a picture|an image|a drawing|me something|one|me a picture|some art|pictures?|images?|art|a painting|a photo)(?: (?:nice|cool|beautiful|for me|new|different|please|else))*|i (?:want|need|would like|'d like) (?:something|a picture|an image|a drawing|a change|some changes?|an edit)(?: different| new| else)?|something (?:else|different|nice|cool|new)|(?:the )?other one|not (?:that|this) one|the other|edit|change|draw|paint|generate|remove|add|wrong(?: one)?|not like that|(?:it|that)(?:'s| is| looks) (?:wrong|weird|bad|ugly|not right|off|not what i (?:wanted|meant|asked for))|not what i (?:wanted|meant|asked for)|i don't like (?:it|this|that)|a different (?:colou?r|style|background)|(?:another|a different|some other) (?:colou?r|style|background)|change the (?:colou?r|style|background)|use a different (?:colou?r|style|background))",
    _I,
)
UNDO = re.compile(
    r"\b(?:undo|revert|roll(?:ing)? (?:it )?back|step back|go(?:ing)? back(?= *$| (?:one|a|two|three|\d) |,| please|\.)|take (?:that|it|this) back|(?:two|one|three) steps? back|get back to (?:how|what)|cancel (?:that|the last|this) (?:edit|change|one)?|discard (?:that|the last|this|the change)|scratch that|forget (?:that|the last) (?:edit|change)|that was (?:a mistake|wrong)|(?:it|that|this) (?:was|looked) (?:better|nicer|prettier) (?:before|without|earlier|previously)|as it was(?: before)?|how it was(?: before)?|like it was(?: before)?|go back$|back$|back (?:one|a) step|before that$)",
    _I,
)
EDIT_AFTER_UNDO = re.compile(r"\b(?:step back and look|turn back time)\b", _I)
GO_BACK_TO = re.compile(
    r"(?:\b(?:go|going|get|come|move|step|switch|jump|return|revert|roll|head|turn|take (?:me|us|it)|bring (?:me|us|it)|start (?:over|again))\b.*\b(?:back|to|from|over)\b.*\bit\b|\bback to it\b|\b(?:restore|bring back|return to|revert to|recover|reset to|give me back|reinstate|switch to|select|choose|pick|activate) it\b(?! (?:with|and|a)\b)|^(?:use|take|keep|pick|choose|select|open|prefer|continue with|carry on with|proceed with|work with|stick with|go with|let's (?:use|take|keep|go with|continue with|stick with|work with|go for|pick|choose))\b(?: with)? it$"
    r"|\b(?:show|see|display|look at|view|bring up|pull up)\b(?: me)?(?: to)? it(?: again| once more)?$|^i (?:prefer|like|liked|loved|love|want|preferred|choose|pick|'ll take|would rather have|'d rather have|think i prefer) it(?: (?:better|more|best|the most|back|most|instead|again))*$|^it (?:was|is|looked|looks) (?:better|nicer|best|prettier|the best)|^i'll (?:take|go with|keep) it$|\b(?:have|want|get|need|put) it back\b|^it again$|^bring it back$)",
    _I,
)
GO_BACK_WHAT = re.compile(r"\b(?:go back to|back to|return to|revert to|show me|i (?:liked|prefer(?:red)?)) (?:the |my |that |when it was )(?P<what>[\w ]+?)(?: again| better| more| please)?$", _I)
REDO = re.compile(r"(?:redo|redo (?:it|that)|un-?undo|go forward(?: again)?|forward)", _I)

QUESTION = re.compile(
    r"(?:what|what's|who|who's|whose|where|where's|which|how many|how much|how (?:big|old|tall|far|large)|is|are|was|were|does|do|did|has|have|can you (?:see|tell|describe|read|count|spot|find|identify|recogni[sz]e)|could you (?:tell|describe|read)|describe|tell me (?:what|about|how many|where|which|who|if|whether)|caption|identify|read|count|any|explain (?:this|the|what)|recogni[sz]e|what colou?r|do you see|analy[sz]e|give me (?:a )?(?:description|caption)|write a (?:caption|description)|look at)\b",
    _I,
)
QUESTION_ANYWHERE = re.compile(r"\b(?:is (?:that|this|it|there)|are (?:there|those|these|they)|what|which|how many|who|where|does|did)\b", _I)
GENERAL_QUESTION = re.compile(
    r"\b(?:weather|time is it|what day|your name|meaning of life|capital of|president|you (?:think|feel|like) (?:about (?:ai|art|life))|can you do|what next|should (?:i|we) (?:draw|make|do|add)|in (?:general|real life)|invented|world)\b|^what (?:about|if)\b|^how about\b|^(?:is|are) (?:you|we)\b|^what is (?:love|art|ai|life)\b|^(?:does|do|are|is) (?:all |most )?(?:cats|dogs|birds|people|cars|fish|cows|horses|bananas|apples)\b|^have you\b",
    _I,
)
PICTURE_WORD = re.compile(r"\b(?:this|that|the|my|these|those|each|both|first|second|last|your) (?:\w+ )?(?:pictures?|images?|photos?|drawings?|paintings?|pics?|photograph|screenshot)\b|#\d|^describe\b(?=.*\b(?:it|this|that|them|picture|image|photo)\b)", _I)
POINTING = re.compile(r"\b(?:it|this|that|these|those|they|them|here|he|she|his|her|its)\b(?! (?:is raining|rain))", _I)

_N = r"one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|a couple of|a couple|a few|several|some"
_VERSIONS = r"(?:different |more |separate |other |alternative |new |random )*(?:versions?|variations?|variants?|pictures?|images?|photos?|options?|candidates?|alternatives?|drawings?|paintings?|renders?|renditions?|takes|copies|samples|illustrations?|pics|sketches|tries|results|ideas)"
COUNTS = (
    rf"[, (]*\b(?:in |as |x |with )?(?P<n>{_N}|both|a dozen|twelve|twenty) (?:of (?:them|these|those|it)|{_VERSIONS})\b(?: of(?= )| (?:showing|with) (?=an? ))?\)?",
    r"[, ]*\b(?P<n>\d{1,2}) ?(?:x|times)\b(?! ?\d)",
    r"[, ]*\b(?P<n>twice|two times|three times|four times)\b",
)
AGAIN = re.compile(
    rf"(?:(?:make|draw|generate|create|give me|show me|do|paint|try|i want|i'd like|let me see|let's see|i need|get me|render|produce|can i (?:see|have|get)|may i have)\s+)?(?:me )?(?:"
    rf"(?:it |that |this |the (?:same|last|first) (?:one|picture|thing) |one |them )?(?:again|once more|one more time|another time|over)|(?:another|one more|a new|yet another|a different|an alternative|a second)(?: (?:one|try|go|attempt|version|variation|variant|take|picture|image|option|candidate|alternative|seed|like (?:it|this|that)))*|(?P<n1>{_N}) more(?: (?:of (?:them|those|these|it|the same)|versions?|variations?|variants?|ones?|pictures?|images?|options?|times?|like (?:it|this|that|these|them)|candidates?|please))*|(?P<n2>{_N}) (?:(?:different |other |new |alternative )*(?:versions?|variations?|variants?|options?|candidates?|alternatives?|takes))(?: of (?:it|this|that|the (?:picture|image|photo|same(?: thing)?|(?:first|second|third|last) (?:one|picture|image))))?|(?:(?:some )?more (?:like (?:it|this|that|these)|versions|variations|options|of (?:it|this|these|those|them|the same))|more|variations?(?: of (?:it|this|that))?)|(?P<n3>{_N}) of (?:them|it|those|these)|the same (?:thing |one |picture )?(?:again|once more|(?:with|using) (?:a )?(?:different|new|another) seed)|try again|retry|redo(?: (?:it|that|this))?|regenerate(?: (?:it|that|this))?|reroll|re-?draw (?:it|that|this)|(?:with )?(?:a )?(?:different|new|another) seed)"
    r"(?:[, ]+(?:but|only|just|this time|except)(?: this time)?,? (?P<change>.+))?(?:,? please)?",
    _I,
)

EDIT = re.compile(rf"(?:also |now |just |please |then )*(?:{_EDIT_VERB})\b(?! (?:me )?(?:an?|some|one|two|three) (?:picture|image|drawing|photo)s?\b)|(?:also |now |just )*{_MAKE_DEFINITE}(?! (?:picture|image|photo|drawing) of\b)", _I)
EDIT_STATE = re.compile(
    rf"^(?:the|its?|his|her|their|that|this) [\w ]*?(?:should|must|needs?|has to|ought to|could|can|would|might) (?:be|have|look|become|wear|get|an?|some|more|less|to)\b|^(?:i (?:want|would like|'d like|need|would prefer|'d prefer|wish)|i'd (?:like|prefer|love)) (?:it|the|this|that|him|her|them|everything|there)\b(?! (?:picture|image|photo) of)|^i (?:want|need|'d like|would like) (?:to (?:add|remove|change|replace|turn|make the|make it|delete|swap|recolou?r|put|move)|(?:an?|some|more|less|no) [\w ]+ (?:in|on|next to|behind|in front of|above|under|below|beside|to) (?:it|him|her|the|them|there)\b)|^(?:what if|how about|what about|how would|what would|can|could|would|may|might) (?:it|the|this|that|he|she|they|there|making|adding|removing|changing|turning|putting|giving|replacing)\b|^(?:let|have) (?:it|the|him|her|there|this)\b|^(?:same|the same)(?: thing| one| picture| image| \w+)?,? (?:but|only|just|except|with|without|in|at|on|as)\b|^(?:it|he|she|they|the \w+) (?:is|are|looks?|'s) too \w+|^there should be\b|^(?:adding|removing|changing|turning|making|putting|giving|replacing) ",
    _I,
)
DRAW_ON = re.compile(r"(?:draw|paint|sketch|show|create|generate|render|draw me) (?:also )?(?:an?|some|two|three|another|more) [\w -]+? (?:on|onto|next to|beside|behind|in front of|above|below|under|over|around|near|inside|into|to the (?:left|right) of|left of|right of|in|on top of) (?:it|him|her|them|his \w+|her \w+|its \w+|this|that|there|the (?:cat|dog|car|picture|image|photo|background|sky|corner))\b", _I)
MAKE_NEW = re.compile(rf"(?:{_NEW_VERB}) (?:me )?(?:an? |some |one |two |three |another |\d+ )|put together an? |make (?:the|a|an) (?:picture|image|drawing|photo) of|(?:draw|paint|render|show|sketch) (?:me )?the (?!picture|image|same|photo|background|whole)(?!.*\b(?:{_COLOR}|bigger|smaller|darker|brighter)$)|set up an? |give me (?:the|an?) ", _I)
ADDS = re.compile(r"(?:also |now )*(?:add|put|place|insert|include|draw|give|attach)\b", _I)
GENERATE = re.compile(
    rf"(?:(?:also |now |just |then )*(?:draw|paint|sketch|generate|create|render|design|illustrate|imagine|produce|doodle|visuali[sz]e|picture|make|do|build|compose|print|draft|depict|craft|prepare|drawing|painting|generating|making|creating|put together|come up with)(?: up| out)?\b(?: me| us)?(?: please)?(?: also)?|(?:show|give|get|bring|send|do|paint|find|make) (?:me|us)(?: (?:please|also))?|i(?:'d| would)?(?: really| also| just)? (?:want|need|like|love|wish for|fancy|am looking for|'m looking for)(?: to (?:see|have|get|draw|create|make|generate|paint))?|i'm (?:looking for|after|in need of)|let(?:'s| us| me) (?:see|have|do|draw|paint|make|create|get|try)|(?:what|how) about|(?:may|can|could) (?:i|we) (?:have|get|see)|(?:we|i) need|time for|next:?|now:?|new(?=\W)(?: (?:picture|image|drawing|one))?:|looking for)\s*[:,]?\s*",
    _I,
)
IS_ORDER = re.compile(r"(?:draw|paint|sketch|generate|create|render|make|i want|give me|show me)\b", _I)
NOTHING = re.compile(r"(?:it|this|that|them|me|a|an|the|something|anything|one|pictures?|again|so|to|up|more|out)?", _I)
SUBJECT_LEAD = re.compile(
    r"^(?:(?:also|me|us|now|just|please|instead|for me|here|out|to see|it as|new:?|of|that shows|showing|depicting|an?other)\b[\s:,]*(?!$)|(?:(?:an?|the|one|some|another|my|your) )?(?:(?:nice|new|quick|simple|beautiful|separate|fresh|different|good|cool|single) )*(?:pictures?|images?|photos?|photographs?|pics?|illustrations?|drawings?|renderings?|artworks?|renders?|depictions?|scenes?|visuals?|snapshots?) (?:of|showing|with|depicting|that shows|containing|featuring|where|in which) )",
    _I,
)
NOUN_PHRASE = re.compile(
    rf"(?:an? |one |two |three |four |five |six |some |\d+ |(?:{_COLOR}) \w+|(?:{_STYLE})\b|(?:(?:picture|image|photo|drawing|painting|sketch|illustration|portrait) of)|(?:cute|happy|big|small|little|old|beautiful|tall|giant|tiny|fluffy|sleepy|huge|sunny|dark|funny) \w+|(?:\w+ ){{0,3}}(?:cat|dog|car|bird|fish|house|tree|flower|robot|star|heart|boat|bus|airplane|cake|pizza|apple|banana|book|clock|chair|cup|hat|umbrella|dragon|unicorn|castle|sunset|landscape|mountain|rocket|horse|elephant|forest|beach|city|portrait)s?\b)",
    _I,
)
ONLY_IT = re.compile(r"(?:it|it again|to it|i mean it|i meant it)", _I)
CLEAR_CHANGE = re.compile(r"(?:bigger|smaller|darker|brighter|without|remove|same)\b", _I)
