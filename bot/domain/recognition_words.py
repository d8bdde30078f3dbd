"""The vocabularies of `recognition`: plain words, compared without accents. Knows no rule."""

from bot.domain.places import plain

_NOT_NAMES = """
adresse aeg age ald alité alitée an ans appel appelant appelante appt atcd aucun aucune avec avenue bat
bonjour bât chemin chez chute code commune contact cp ddn de demande depuis des diabète diarrhée docteur
domicile dossier douleur douleurs dr du dyspnée ehpad et fatigue fc femme fille fils fin fixe fièvre
france habite homme hta ide idel infirmier infirmière la le les lombalgie madame malaise mari merci
mission mlle mme mobile monsieur motif mr mt médecin nb ne nee nez nom non note né née ou oui pas patient
patiente place plaie portable pour prénom rappel rdc route rue régulateur résidence samu sans sas seul
seule sexe smt smur spo2 sur ta tel tension tombé tombée toux traitant tél téléconsultation urgent vertige
vertiges vie ville visite vit voisin voisine vomissements âge épouse étage
sa son elle il lui enfant bébé bb suisse allemagne italie espagne belgique présente appelle nièce neveu
"""

_FIRST_NAMES = """
abdel abdelkader abdoulaye ahmed ahmet aicha ali ayse carlos emine erika fatma fatou frieda giovanni giuseppe
hasan hatice hilda huseyin ibrahim irma joao jose khadija liesel luigi malika maria mamadou mehmet mustafa
omar rachida salvatore samira sofia souad teresa ursula waltraud wilhelm youssef zohra gertrud ingrid heinz
adele adrien agathe agnes aime alain albert alberte albertine alex alexandra alexandre alexis alfred alice
aline alphonse amelie amina ana anais andre andree angela angele anna anne annette annick annie antoine
antoinette antonio ariane armand arnaud arthur astrid auguste augustine aurelie aurore axel baptiste
barbara beatrice benjamin benoit bernadette bernard berthe bertrand blanche brigitte bruno camille carine
carmen carole caroline catherine cecile cedric celeste celine chantal charles charlotte chloe christel
christelle christian christiane christine christophe claire clara claude claudette claudine clemence
clement colette corinne cyril damien daniel daniele danielle david deborah denis denise didier dominique
edith edmond edouard elena eliane elisabeth elise elodie emile emilie emma emmanuel eric ernest ernestine
estelle esther etienne eugene eugenie eva evelyne fabien fabienne fabrice fatima fernand fernande florence
florian francesco francine francis franck francois francoise frederic frederique gabriel gabrielle
genevieve georges georgette gerald gerard germain germaine gertrude ghislaine gilbert gilberte gilles
ginette gisele gregory guillaume gustave guy hassan helene henri henriette herve hubert hugo huguette ines
irene isabelle jacqueline jacques jean jeanne jeannine jeremy jerome joel joelle jonathan joseph josephine
josette josiane julie julien juliette justine karim karine kevin laetitia laura laure laurence laurent lea
leon leonie liliane lina line lionel lisa louis louise luc lucas lucette lucie lucien lucienne lucile
ludovic lydia madeleine maeva magali manon manuel marc marcel marcelle margot marguerite maria marie
mariette marine mario marion marlene marthe martin martine mathieu mathilde maurice max maxime melanie
michel michele michelle mireille mohamed monique morgane muriel mylene myriam nadia nadine natacha
nathalie nathan nicolas nicole nina noel noelle noemie odette odile olga olivier pascal pascale patricia
patrick paul paule paulette pauline philippe pierre pierrette quentin rachel rachid raphael raymond
raymonde regine regis remi rene renee richard robert roger roland rolande romain rosa rose roseline sabine
sabrina said samuel sandra sandrine sarah sebastien serge severine simon simone solange sonia sophie
stephane stephanie suzanne sylvain sylvette sylvia sylvie tanguy theo therese thibaut thierry thomas
valentin valerie vanessa veronique victor victorine vincent virginie viviane xavier yann yannick yasmina
yolande yves yvette yvonne zoe
"""

#: Words that are never part of a name.
NOT_NAMES = frozenset(plain(word) for word in _NOT_NAMES.split())

#: First names that tell the order of «Keller Odile» from that of «Odile Keller».
FIRST_NAMES = frozenset(_FIRST_NAMES.split())

#: How people are named beside the patient, and the labels before each fact: patterns on folded text.
LINKS = (
    r"(?:belle[- ]fille|belle[- ]soeur|belle[- ]mere|petite[- ]fille|petit[- ]fils|beau[- ]fils|beau[- ]pere"
    r"|beau[- ]frere|fille|fils|epouse|epoux|mari|conjointe?|compagne|compagnon|concubine?|voisine?"
    r"|soeur|frere"
    r"|mere|maman|pere|papa|gendre|neveu|niece|cousine?|amie?|tutrice|tuteur|curatrice|curateur"
    r"|aide a domicile|aide[- ]menagere|auxiliaire de vie|auxiliaire|aidante?|gardienne?|concierge"
    r"|proche|famille"
    r"|femme|tante|oncle)"
)

MT = (
    r"(?:m\.t\.|mt(?![a-z])|med(?:ecin|\.)?\s*trait(?:ant|\.)?e?(?![a-z])|dr\s+traitant|docteur\s+traitant"
    r"|medecin\s+de\s+famille)"
)

IDEL = (
    r"(?:(?:idel|ide|infirmiere?|inf\.?)(?![a-z])"
    r"(?:\s+(?:habituel(?:le)?s?|hab\.?|referente?|du\s+patient|de\s+la\s+patiente|connue?|a\s+domicile))?)"
)

DECIDER = (
    r"(?:(?:decision|decidee?|demandee?|demande|regulee?|validee?"
    r"|orientee?)\s+(?:medicale\s+)?(?:par|du|de|d')"
    r"|demandee?(?=\s*:?\s+(?:dr|docteur|samu|sas)(?![a-z]))|demandeur|decideur|decision"
    r"|medecin\s+regul(?:ateur|atrice|\.)?|med\.?\s*reg(?:ul|ulateur|ulatrice)?\.?"
    r"|regul(?:ateur|atrice)|mr\s*:)"
)

CALLER = (
    r"(?:appelante?|requerante?|appel(?:ee?)?\s+(?:de|par|du)|personne\s+(?:a\s+)?(?:prevenir"
    r"|contacter|rappeler|contact)"
    r"|numero\s+de\s+rappel|rappel(?:er)?|contre[- ]appel|contact)"
)

PATIENT = r"(?:patiente?|pte?|domicile|dom\.?|fixe\s+patiente?|chez\s+elle|chez\s+lui)"

TEL = (
    r"(?:telephone|tel\.?|tph|portable|port\.?|mobile|gsm|fixe|numero|num\.?|n°|no)(?![a-z])"
    r"(?:\s+(?:mobile|fixe|portable|port\.?))?"
)

MOTIF_LABEL = (
    r"(?:motifs?(?:\s+(?:d'appel|de\s+l'appel|de\s+recours|d'intervention))?|plaintes?"
    r"|raison(?:\s+de\s+l'appel)?"
    r"|symptomes?|objet|probleme|pb)"
)

ADDRESS_LABEL = r"(?:adresse|adr\.?|habite(?:\s+au)?|demeurant(?:\s+au)?|domicili(?:e|ee)(?:\s+au)?|domicile)"

MONTHS = {
    word: number
    for number, words in enumerate(
        (
            ("janvier", "janv"),
            ("fevrier", "fev"),
            ("mars",),
            ("avril", "avr"),
            ("mai",),
            ("juin",),
            ("juillet", "juil"),
            ("aout",),
            ("septembre", "sept"),
            ("octobre", "oct"),
            ("novembre", "nov"),
            ("decembre", "dec"),
        ),
        start=1,
    )
    for word in words
}

FILLERS = frozenset(
    [
        "et",
        "ou",
        "a",
        "au",
        "le",
        "la",
        "les",
        "l",
        "de",
        "du",
        "des",
        "d",
        "un",
        "une",
        "tel",
        "telephone",
        "port",
        "portable",
        "fixe",
        "mobile",
        "cp",
        "adresse",
        "nom",
        "prenom",
        "age",
        "ddn",
        "sexe",
        "motif",
        "est",
        "il",
        "elle",
    ]
)
