"""Languages that the rules cannot read: told apart, answered in, and never guessed at."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.brains.references import Album, Reference
from agent.domain import Decision, Route

__all__ = ["decide_unread", "unread_language"]

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
_TELLING: Mapping[str, frozenset[str]] = {
    "es": frozenset(
        "el la los las un una unos de del que qué por para con sobre muy está están estás es cómo"
        " cuál dónde hola"
        " gracias dibuja dibújame dibujar haz hazlo hazla quiero quisiera puedes puede pon ponle"
        " ponla ponlo pinta"
        " píntame cambia quita añade deshacer deshaz hasta mañana mi tu su y sí por favor otra otro"
        " imagen foto".split()
    ),
    "fr": frozenset(
        "le la les un une des du de et est sont c'est je tu il elle nous vous mon ma mes ton ta"
        " pour avec sans sur dans"
        " très bonjour salut merci dessine dessinez dessiner peindre fais faites ajoute ajoutez"
        " enlève change veux"
        " voudrais comment pourquoi quelle quel qu'est ce que qui ça va annule annuler reviens"
        " image demain".split()
    ),
    "de": frozenset(
        "der das den dem des ein eine einen einem einer und ist sind ich du er sie wir ihr mein"
        " meine dein mit ohne auf"
        " für sehr hallo guten danke bitte vielen zeichne zeichnen zeichnet male malen mal mach"
        " mache es ihn füge"
        " entferne ändere hätte gern möchte wie warum welche welches wo rückgängig zurück bild"
        " bilder nicht bis morgen"
        " kann geht".split()
    ),
    "pt": frozenset(
        "o os as um uma uns umas do da dos das de que por para com sem sobre muito está é são como"
        " qual onde olá oi"
        " obrigado obrigada desenhe desenha desenhar faça faz quero queria pode põe coloque pinte"
        " pinta mude muda tire"
        " adicione desfazer desfaça até amanhã meu minha seu sua e sim imagem tudo bem eu gosto se".split()
    ),
    "it": frozenset(
        "il lo la gli le un una uno di del della che per con senza su sul molto è sono come quale"
        " dove ciao grazie"
        " disegna disegnami disegnare fai fallo voglio vorrei puoi metti dipingi cambia togli"
        " aggiungi annulla"
        " mio mia tuo e sì immagine stai".split()
    ),
}
_ENGLISH = frozenset(
    "the a an is are it this that these those i you he she we they my your me of on in to and"
    " with for from make draw"
    " paint add put remove change give go back what how who where which can could please no not"
    " do does mean sorry at"
    " his her its show let want like as at by or so up out now then same next night day old new one "
    "two three".split()
)
_WISH = re.compile(
    r"\b(?:dib[uú]j|pint[aeo]|haz|pon|quit[ae]|añad|cambi|quiero|quisiera|dessine[zr]?\b|peins"
    r"|fais\b|ajoute|enlève"
    r"|voudrais|zeichne\b|male\b|mach|füge|entferne|änder|hätte gern|möchte|desenh[ae]\b|faç"
    r"|mud[ae]|coloque|tire\b"
    r"|quero|adicione|disegna|dipingi|metti|togli|aggiungi|vorrei|voglio|imag|bild\b|foto)"
    r"|(?:描いて|書いて|して|かぶせ|変えて|消して|お願い)|нарису|сделай|добавь|убери|измени|хочу|그려|바꿔",
    re.I,
)
_HOW_TO = re.compile(
    r"\b(?:cómo se|no sé|me gusta|comment|j'adore|j'aime|wie (?:zeichnet|malt)|ich kann|como se"
    r"|eu gosto|come si)\b"
    r"|描き方|好きです|как |не умею|люблю",
    re.I,
)
_UNDO = re.compile(
    r"\b(?:deshac\w*|deshaz\w*|annul\w+|rückgängig|desfaz\w*|desfaç\w*)\b|元に戻|отмени|отмена|실행 ?취소",
    re.I,
)
_SENTENCES: Mapping[str, str] = {
    "es": "Sin conexión solo entiendo inglés y chino. Dímelo en inglés, o conecta un modelo de lenguaje.",
    "fr": "Hors ligne, je ne comprends que l'anglais et le chinois. Dites-le en anglais, ou branchez"
    " un modèle de"
    " langue.",
    "de": "Offline verstehe ich nur Englisch und Chinesisch. Bitte auf Englisch, oder ein"
    " Sprachmodell anschließen.",
    "pt": "Sem conexão só entendo inglês e chinês. Diga em inglês, ou conecte um modelo de linguagem.",
    "it": "Offline capisco solo inglese e cinese. Dillo in inglese, oppure collega un modello linguistico.",
    "ja": "オフラインでは英語と中国語しか分かりません。英語で書くか、言語モデルを接続してください。",
    "ko": "오프라인에서는 영어와 중국어만 이해합니다. 영어로 말하거나 언어 모델을 연결해 주세요.",
    "ru": "Без сети я понимаю только английский и китайский. Напишите по-английски или подключите"
    " языковую модель.",
    "ar": "بدون اتصال أفهم الإنجليزية والصينية فقط. اكتب بالإنجليزية أو وصّل نموذجًا لغويًا.",
}


def unread_language(text: str) -> str | None:
    """The code of the message's language when it is neither English nor Chinese, as far as its words tell."""
    for code, script in _SCRIPTS:
        if script.search(text):
            return code
    if re.search(r"\b(?:ctrl|cmd)\b", text, re.I):
        return None
    words = re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?", text.lower())
    english = sum(word in _ENGLISH for word in words)
    hits = {code: sum(word in telling for word in words) for code, telling in _TELLING.items()}
    best = max(hits, key=lambda code: hits[code])
    return best if hits[best] > english else None


def decide_unread(album: Album, language: str) -> Decision:
    """Undo is understood; other wishes are asked for in English. Never a picture."""
    message, reply = album.context.message, _SENTENCES[language]
    back = album.find(Reference(kind="back")).ids
    if _UNDO.search(message) and back:
        return Decision(route=Route.GO_BACK, targets=back, language=language, reason="undo")
    is_wish = bool(_WISH.search(message)) and not _HOW_TO.search(message)
    route = Route.ASK if is_wish or album.context.uploads else Route.CHAT
    return Decision(route=route, language=language, reason=f"no rules for {language}", reply=reply)
