"""The most frequent words of a language: an index keeps a list for each two of them that stand side by side.

A phrase such as "of the" is then looked up; without, it would mean to read the positions of both words in nearly every
article. An index stores its terms when it is created, so changing a list here changes new indexes only.
"""

from __future__ import annotations

from searchkit.analysis.analyzer import Analyzer

__all__ = ["frequent_terms"]

# About 32 a language: pairs of these make up every tenth pair of neighbours in English news, for a fortieth of the
# bytes of an index. Twice as many words would find half as many pairs more, for twice the bytes.
_WORDS = {
    "arabic": "في من على إلى أن عن مع هذا هذه التي الذي ما لا كان كانت بعد قبل بين كل قد أو ثم هو هي لم حتى إن ذلك "
    "كما عند و",
    "danish": "og i at det er en til på som de med den for af ikke der var har et fra men om vil han jeg vi kan så "
    "blev eller hun",
    "dutch": "de van het een en in is dat op te zijn voor met die niet aan er om ook als bij door maar naar heeft "
    "uit worden was over dan ze",
    "english": "the of and to a in is for that we on with this are by as be it an i from which at will our have has "
    "not was or can their",
    "finnish": "ja on ei että se hän oli mutta myös kun joka ovat ole niin kuin sen tai jos olla mukaan vain nyt "
    "tämä jo ne voi",
    "french": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec "
    "aux son cette ou mais",
    "german": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden "
    "aus er hat dass sie nach wird bei",
    "hungarian": "a az és hogy nem is egy ez meg már csak mint volt el de van azt ki le még sem ha be vagy mert minden "
    "ezt",
    "italian": "di e il la che in a per un del è una le i si della con non da dei al sono più ha nel alla come lo "
    "gli anche ma dal",
    "norwegian": "og i det er på at en til som de av for med ikke har den var et fra men om vi jeg han kan å så ble "
    "eller seg hun vil",
    "portuguese": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem "
    "à seu ou",
    "romanian": "de și în a la cu pe care nu din că o un este pentru au mai sau al se prin ce fi ale dar fost după ca "
    "lui sunt ai",
    "russian": "и в не на что с по как он а это к но из у за от о же для так то все его мы было до вы или я она",
    "spanish": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha este "
    "me sin son",
    "swedish": "och i att det som en på är av för med till den har de inte om ett han men var jag från vi så kan när "
    "år eller hon ska vid",
}


def frequent_terms(analyzer: Analyzer) -> tuple[str, ...]:
    """The terms of the analyzer's most frequent words, ascending; none for an analyzer that is no language."""
    return tuple(sorted(set(analyzer.stem(analyzer.forms(_WORDS.get(analyzer.name, ""))))))
