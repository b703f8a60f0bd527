"""Czech: gender and number agree; 2 and 3 take the nominative plural."""

from __future__ import annotations

from mella_spark.sample.lexicon.base import Language, Motif, Noun

# Columns of a colour: m sg, f sg, n sg, m animate pl, m inanimate and f pl, n pl.
COLOURS = {
    "red": ("červený", "červená", "červené", "červení", "červené", "červená"),
    "blue": ("modrý", "modrá", "modré", "modří", "modré", "modrá"),
    "green": ("zelený", "zelená", "zelené", "zelení", "zelené", "zelená"),
    "yellow": ("žlutý", "žlutá", "žluté", "žlutí", "žluté", "žlutá"),
    "orange": ("oranžový", "oranžová", "oranžové", "oranžoví", "oranžové", "oranžová"),
    "purple": ("fialový", "fialová", "fialové", "fialoví", "fialové", "fialová"),
    "brown": ("hnědý", "hnědá", "hnědé", "hnědí", "hnědé", "hnědá"),
    "white": ("bílý", "bílá", "bílé", "bílí", "bílé", "bílá"),
}
AGREEMENT = {
    "ma": (0, 3, 3),
    "m": (0, 4, 4),
    "f": (1, 4, 4),
    "n": (2, 5, 5),
    "pl": (4, 4, 4),
}
NUMERALS = {
    "ma": ("", "dva", "tři"),
    "m": ("", "dva", "tři"),
    "f": ("", "dvě", "tři"),
    "n": ("", "dvě", "tři"),
    "pl": ("", "dvoje", "troje"),  # only plural: (jedny) šaty, dvoje šaty
}
VERBS = dict.fromkeys(NUMERALS, ("je", "jsou", "jsou")) | {"pl": ("jsou", "jsou", "jsou")}

NOUNS = {
    "house": Noun("m", "{c} dům", "{c} domy"),
    "tree": Noun("m", "strom", "stromy"),
    "ball": Noun("m", "{c} míč", "{c} míče"),
    "cat": Noun("f", "{c} kočka", "{c} kočky"),
    "fish": Noun("f", "{c} ryba", "{c} ryby"),
    "car": Noun("n", "{c} auto", "{c} auta"),
    "chair": Noun("f", "{c} židle", "{c} židle"),
    "cup": Noun("m", "{c} hrnek", "{c} hrnky"),
    "flower": Noun("f", "{c} květina", "{c} květiny"),
    "book": Noun("f", "{c} kniha", "{c} knihy"),
    "apple": Noun("n", "{c} jablko", "{c} jablka"),
    "star": Noun("f", "{c} hvězda", "{c} hvězdy"),
    "boat": Noun("f", "{c} loďka", "{c} loďky"),
    "key": Noun("m", "{c} klíč", "{c} klíče"),
    "ramadan_lantern": Noun(
        "f", "{c} kovová lucerna s půlměsícem", "{c} kovové lucerny s půlměsícem"
    ),
    "dallah": Noun(
        "f", "konvice na kávu se zahnutou hubičkou", "konvice na kávu se zahnutou hubičkou"
    ),
    "oud": Noun("m", "strunný nástroj ve tvaru hrušky", "strunné nástroje ve tvaru hrušky"),
    "felucca": Noun("f", "loďka s trojúhelníkovou plachtou", "loďky s trojúhelníkovou plachtou"),
    "tarboosh": Noun("m", "klobouk se střapcem", "klobouky se střapcem"),
    "mabkhara": Noun("f", "zdobená kouřící miska", "zdobené kouřící misky"),
    "kraslice": Noun("n", "{c} malované vajíčko", "{c} malovaná vajíčka"),
    "pomlazka": Noun("m", "pletený prut se stuhami", "pletené pruty se stuhami"),
    "trdelnik": Noun("m", "spirálový zákusek", "spirálové zákusky"),
    "pullitr": Noun("f", "pivní sklenice s pěnou", "pivní sklenice s pěnou"),
    "gingerbread_heart": Noun("f", "sušenka ve tvaru srdce", "sušenky ve tvaru srdce"),
    "mikulas_mitre": Noun("m", "špičatý klobouk s křížem", "špičaté klobouky s křížem"),
    "stork_chimney": Noun("ma", "čáp na komíně", "čápi na komíně"),
    "bogracs": Noun("m", "kotel nad ohněm", "kotle nad ohněm"),
    "buso_mask": Noun("f", "dřevěná maska s rohy", "dřevěné masky s rohy"),
    "paprika_string": Noun("f", "šňůra sušených paprik", "šňůry sušených paprik"),
    "gemeskut": Noun("f", "studna s dlouhou tyčí", "studny s dlouhou tyčí"),
    "kopjafa": Noun("m", "vyřezávaný dřevěný sloup", "vyřezávané dřevěné sloupy"),
    "hanbok": Noun("pl", "{c} šaty se širokou sukní", "{c} šaty se širokou sukní"),
    "onggi": Noun("f", "kulatá hliněná nádoba", "kulaté hliněné nádoby"),
    "janggu": Noun("m", "buben ve tvaru přesýpacích hodin", "bubny ve tvaru přesýpacích hodin"),
    "bangpaeyeon": Noun(
        "ma", "{c} papírový drak s kulatým otvorem", "{c} papíroví draci s kulatým otvorem"
    ),
    "hahoe_mask": Noun("f", "usměvavá dřevěná maska", "usměvavé dřevěné masky"),
    "gat": Noun("m", "vysoký klobouk se širokou krempou", "vysoké klobouky se širokou krempou"),
    "samovar": Noun("f", "kovová nádoba s kohoutkem", "kovové nádoby s kohoutkem"),
    "matryoshka": Noun("f", "{c} malovaná dřevěná panenka", "{c} malované dřevěné panenky"),
    "onion_dome": Noun("f", "{c} kupole ve tvaru cibule", "{c} kupole ve tvaru cibule"),
    "balalaika": Noun("m", "trojúhelníkový strunný nástroj", "trojúhelníkové strunné nástroje"),
    "valenki": Noun("m", "pár plstěných bot", "páry plstěných bot"),
    "ushanka": Noun(
        "f", "kožešinová čepice s klapkami na uši", "kožešinové čepice s klapkami na uši"
    ),
    "sajkaca": Noun("f", "měkká čepice s přehybem", "měkké čepice s přehybem"),
    "opanak": Noun("f", "kožená bota se zahnutou špičkou", "kožené boty se zahnutou špičkou"),
    "gusle": Noun("pl", "housle s jednou strunou", "housle s jednou strunou"),
    "slavski_kolac": Noun("m", "kulatý bochník s křížem", "kulaté bochníky s křížem"),
    "badnjak": Noun("f", "dubová větev", "dubové větve"),
    "cokanj": Noun("f", "malá láhev s dlouhým hrdlem", "malé láhve s dlouhým hrdlem"),
    "khom_loi": Noun("m", "svítící papírový lampion", "svítící papírové lampiony"),
    "tuk_tuk": Noun("n", "{c} tříkolové auto", "{c} tříkolová auta"),
    "spirit_house": Noun("m", "malinký domek na sloupku", "malinké domky na sloupku"),
    "krathong": Noun("f", "miska z listů se svíčkou", "misky z listů se svíčkou"),
    "ngop": Noun("m", "široký slaměný klobouk", "široké slaměné klobouky"),
    "long_tail_boat": Noun("f", "dlouhá loďka se střechou", "dlouhé loďky se střechou"),
    "den_ong_sao": Noun("f", "{c} lucerna ve tvaru hvězdy", "{c} lucerny ve tvaru hvězdy"),
    "non_la": Noun("m", "kuželovitý klobouk", "kuželovité klobouky"),
    "banh_chung": Noun(
        "m", "čtvercový koláč zabalený v listech", "čtvercové koláče zabalené v listech"
    ),
    "ao_dai": Noun("pl", "{c} dlouhé šaty přes kalhoty", "{c} dlouhé šaty přes kalhoty"),
    "trong_dong": Noun("m", "bronzový buben", "bronzové bubny"),
    "xich_lo": Noun("n", "{c} kolo se sedadlem vpředu", "{c} kola se sedadlem vpředu"),
}
MOTIFS = {
    "kraslice": Motif(
        base="kraslice",
        name=Noun("f", "{c} kraslice", "{c} kraslice"),
        keywords=("kraslici", "kraslic", "kraslicí", "kraslicím", "kraslicemi", "kraslicích"),
        facts=(
            "Velikonoce na Moravě",
            "zdobení voskovou batikou",
            "velikonoční výzdoba",
            "ruční práce z Vnorov",
        ),
        alts=(
            "Malování kraslic před Velikonocemi",
            "Koledníci dostanou na Velikonoční pondělí kraslice",
            "Jak se zdobí kraslice včelím voskem",
        ),
    ),
    "pomlazka": Motif(
        base="pomlázka",
        name=Noun("f", "pomlázka", "pomlázky"),
        keywords=("pomlázky", "pomlázce", "pomlázku", "pomlázkou", "pomlázek", "pomlázkami"),
        facts=(
            "Velikonoční pondělí",
            "pletení z vrbového proutí",
            "velikonoční koleda",
            "tradice na českém venkově",
        ),
        alts=(
            "Chlapci chodí na Velikonoční pondělí s pomlázkou",
            "Jak uplést pomlázku z osmi proutků",
            "Pomlázka s barevnými stuhami pro koledníky",
        ),
    ),
    "trdelnik": Motif(
        base="trdelník",
        name=Noun("m", "trdelník", "trdelníky"),
        keywords=("trdelníku", "trdelníkem", "trdelníky", "trdelníků", "trdlo"),
        facts=(
            "stánek v centru Prahy",
            "vánoční trhy",
            "cukr, skořice a ořechy",
            "recept ze Skalice",
        ),
        alts=(
            "Trdelník pečený na dřevěném válci",
            "Horký trdelník se skořicí na vánočních trzích",
            "Stánek s trdelníky na Staroměstském náměstí",
        ),
    ),
    "pullitr": Motif(
        base="půllitr",
        name=Noun("m", "půllitr", "půllitry"),
        keywords=("půllitru", "půllitrem", "půllitry", "půllitrů", "půllitrech"),
        facts=(
            "čepované pivo v hospodě",
            "desítka s pořádnou pěnou",
            "plzeňský ležák",
            "posezení u piva",
        ),
        alts=(
            "Půllitr čerstvě načepovaného piva",
            "Dobře natočený půllitr v pražské hospodě",
            "Hospodský natočil půllitr desítky",
        ),
    ),
    "gingerbread_heart": Motif(
        base="perníkové srdce",
        name=Noun("n", "perníkové srdce", "perníková srdce"),
        keywords=(
            "perníkového srdce",
            "perníkovým srdcem",
            "perníková srdce",
            "perníkových srdcí",
            "srdce z perníku",
        ),
        facts=(
            "Matějská pouť v Praze",
            "dárek z pouti",
            "pardubický perník",
            "zdobení cukrovou polevou",
        ),
        alts=(
            "Perníkové srdce z pouti s nápisem Z lásky",
            "Z pouti jí přivezl perníkové srdce",
            "Ručně zdobené perníkové srdce z Pardubic",
        ),
    ),
    "mikulas_mitre": Motif(
        base="Mikulášova mitra",
        name=Noun("f", "Mikulášova mitra", "Mikulášovy mitry"),
        keywords=(
            "Mikulášovy mitry",
            "Mikulášově mitře",
            "Mikulášovu mitru",
            "Mikulášovou mitrou",
            "mikulášská mitra",
            "mikulášská čepice",
        ),
        facts=(
            "5. prosince chodí Mikuláš",
            "předvečer svátku svatého Mikuláše",
            "Mikuláš, čert a anděl",
            "mikulášská nadílka",
        ),
        alts=(
            "Mikulášova mitra a berla na mikulášskou nadílku",
            "Vyrábíme Mikulášovu mitru z papíru",
            "Převlek na 5. prosince: Mikulášova mitra a plášť",
        ),
    ),
}

CZECH = Language(
    code="cs",
    nouns=NOUNS,
    colours=COLOURS,
    agreement=AGREEMENT,
    numerals=NUMERALS,
    verbs=VERBS,
    frames={
        None: "Na obrázku {va} {a}.",
        "left": "Vlevo {va} {a}, vpravo {vb} {b}.",
        "right": "Vpravo {va} {a}, vlevo {vb} {b}.",
        "above": "Nahoře {va} {a}, dole {vb} {b}.",
        "below": "Dole {va} {a}, nahoře {vb} {b}.",
    },
    motifs=MOTIFS,
    alts=(
        "{Np} – {fact}",
        "{Fact}: {np}",
        "{Np}, {fact}",
        "Foto: {np} – {fact}",
        "{Fact} – {np}",
        "{Np} ({fact})",
    ),
    plain_one=(
        "Obrázek pro děti: {a}",
        "Dětská kresba – {a}",
        "{a} na obrázku",
        "Na fotce {va} {a}",
        "Obrázkový slovník: {a}",
        "Ilustrace ke čtení – {a}",
    ),
    plain_two=(
        "Obrázek pro děti: {a} a {b}",
        "Dětská kresba – {a} a {b}",
        "{a} a {b} na obrázku",
        "Na fotce {va} {a} a {b}",
        "Obrázkový slovník: {a}, {b}",
        "Ilustrace ke čtení – {a} a {b}",
    ),
)
