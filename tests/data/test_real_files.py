"""Files as people have them, in the manner of statistics offices, spreadsheets, databases, web pages and programs."""

import json

import pytest

from moreish.data import DataOptions, read

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

YOB = "Mary,F,7065\nAnna,F,2604\nEmma,F,2003\nElizabeth,F,1939\nMinnie,F,1746\nMargaret,F,1578\nJohn,M,9655\n"
CITIES = ["München", "Köln", "Nürnberg", "Augsburg", "Halle (Saale)"]

FILES = {
    "a playlist": (
        "playlist.csv",
        '"Track URI","Track Name","Album Name","Artist Name(s)","Added At"\n'
        + "".join(f'"spotify:track:{x}4","{x}","Album {x}","Artist {x}","2021-02-02T10:11:12Z"\n' for x in CITIES),
        {},
        CITIES,
    ),
    "names, sex and count, as a government has them": (
        "gov.csv",
        "name,sex,count\nEmma,F,20355\nOlivia,F,19553\nLiam,M,18342\nNoah,M,18326\n",
        {},
        ["Emma", "Olivia", "Liam", "Noah"],
    ),
    "the same without a header": (
        "yob1880.txt", YOB, {}, ["Mary", "Anna", "Emma", "Elizabeth", "Minnie", "Margaret", "John"],
    ),
    "a spreadsheet's semicolons and byte order mark": (
        "excel.csv",
        "\ufeffOrtsname;Einwohner;Bundesland\r\nMünchen;1.512.491;Bayern\r\nKöln;1.084.831;NRW\r\n"
        'Nürnberg;523.026;Bayern\r\nAugsburg;301.033;Bayern\r\n"Halle (Saale)";241.083;Sachsen-Anhalt\r\n',
        {},
        CITIES,
    ),
    "a column that counts the rows": (
        "StateNames.csv",
        ",Name,Year,Gender,Count\n0,Mary,1910,F,14\n1,Annie,1911,F,12\n2,Anna,1912,F,10\n",
        {},
        ["Mary", "Annie", "Anna"],
    ),
    "an array of objects": (
        "films.json",
        json.dumps([{"id": i, "title": x, "of": []} for i, x in enumerate(["Heat", "Amélie"])], indent=1),
        {},
        ["Heat", "Amélie"],
    ),
    "a database's tabs and nothings": (
        "dump.tsv",
        "1\tElm Street\t2001-05-01\t\\N\n2\tOak Lane\t2001-05-02\t\\N\n3\tBirch Avenue\t2001-05-02\tx\n"
        "4\tMaple Drive\t\\N\t\\N\n",
        {},
        ["Elm Street", "Oak Lane", "Birch Avenue", "Maple Drive"],
    ),
    "features a line": (
        "places.ndjson",
        "".join(
            json.dumps({"properties": {"name": x, "n": 1}, "geometry": {"coordinates": [1.5, 2]}}) + "\n"
            for x in ("Aarhus", "Odense", "Aalborg")
        ),
        {},
        ["Aarhus", "Odense", "Aalborg"],
    ),
    "a table copied from a web page": (
        "mountains.txt",
        "Rank\tMountain\tHeight (m)\tRange\tFirst ascent\n1\tMount Everest\t8,848\tMahalangur Himalaya\t1953\n"
        "2\tK2\t8,611\tBaltoro Karakoram\t1954\n3\tKangchenjunga\t8,586\tKangchenjunga Himalaya\t1955[1]\n",
        {"column": "mountain"},
        ["Mount Everest", "K2", "Kangchenjunga"],
    ),
    "commas in quoted names": (
        "titanic.csv",
        'PassengerId,Survived,Name,Sex,Ticket,Cabin\n1,0,"Braund, Mr. Owen Harris",male,A/5 21171,\n'
        '2,1,"Cumings, Mrs. John Bradley",female,PC 17599,C85\n3,1,"Heikkinen, Miss. Laina",female,STON/O2. 31,\n',
        {},
        ["Braund, Mr. Owen Harris", "Cumings, Mrs. John Bradley", "Heikkinen, Miss. Laina"],
    ),
    "what uniq -c counts": (
        "counts.txt", "    312 the\n     97 of\n      4 and so on\n", {"weight": "1"}, ["the", "of", "and so on"],
    ),
    "rows that a spreadsheet left empty": (
        "sheet.csv",
        'Character,Race,Notes\r\nFrodo,Hobbit,\r\nLegolas,Elf,"tall,\r\nfair"\r\nSam,Hobbit,\r\n,,\r\n,,\r\n',
        {"column": "Character"},
        ["Frodo", "Legolas", "Sam"],
    ),
    "numbers and two types": (
        "pokemon.csv",
        "#,Name,Type 1,Type 2,Total\n1,Bulbasaur,Grass,Poison,318\n4,Charmander,Fire,,309\n7,Squirtle,Water,,314\n",
        {},
        ["Bulbasaur", "Charmander", "Squirtle"],
    ),
    "one line": ("line.txt", "Emma, Olivia, Ava, Sophia", {}, ["Emma", "Olivia", "Ava", "Sophia"]),
    "columns as pandas writes them": (
        "frame.json",
        json.dumps({"name": {"0": "Ann", "1": "Bob"}, "n": {"0": 3, "1": 4}}),
        {},
        ["Ann", "Bob"],
    ),
    "quotes that quote nothing": (
        "bands.tsv",
        'id\tband\n1\t"Weird Al" Yankovic\n2\tThe "5" Royales\n3\tAbba\n',
        {},
        ['"Weird Al" Yankovic', 'The "5" Royales', "Abba"],
    ),
    "the array of an answer": (
        "elements.json",
        json.dumps({"n": 2, "elements": [{"name": "Hydrogen", "of": 1}, {"name": "Helium", "of": 2}]}),
        {},
        ["Hydrogen", "Helium"],
    ),
    "a list with commas": (
        "recipes.txt", "Salt, pepper\nEggs, milk, flour\nBread\n", {}, ["Salt, pepper", "Eggs, milk, flour", "Bread"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_the_items_are_found(kind, tmp_path):
    name, text, options, items = FILES[kind]
    (tmp_path / name).write_bytes(text.encode())
    assert list(read(tmp_path / name, DataOptions(**options))) == items


UNCLEAR = {
    "geonames.txt": (
        "2986043\tPic de Font Blanca\tPic de Font Blanca\t42.64\tAD\n2994701\tRoc Mélé\tRoc Mele\t42.58\tAD\n"
        "3007683\tPic des Langounelles\tPic des Langounelles\t42.61\tAD\n",
        "--column 2",
    ),
    "insee.csv": (
        "sexe;preusuel;annais;nombre\n1;ADAM;1900;23\n1;ADOLPHE;1900;25\n1;ALAIN;XXXX;28\n2;ZOÉ;1901;4\n",
        "--column preusuel",
    ),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_where_it_is_unclear_the_likeliest_is_the_example(name, tmp_path):
    text, say = UNCLEAR[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="not clear which column") as refused:
        read(tmp_path / name)
    assert say in str(refused.value)


def test_thousands_between_points_are_thousands(tmp_path):
    (tmp_path / "excel.csv").write_text(FILES["a spreadsheet's semicolons and byte order mark"][1], encoding="utf-8")
    corpus = read(tmp_path / "excel.csv", DataOptions(by="bundesland", weight="einwohner"))
    whole = corpus.split("all")
    assert whole.kinds is not None
    assert whole.weights is not None
    found = {whole.item(i, corpus.vocab): (corpus.kinds[whole.kinds[i]], whole.weights[i]) for i in range(5)}
    assert found["Nürnberg"] == ("Bayern", 523026)
    assert found["Köln"] == ("NRW", 1084831)
