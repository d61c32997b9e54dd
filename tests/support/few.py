"""Few items, of many kinds."""

from tests.support.lists import made_items

DISHES = ["كبسة", "فلافل", "حمص", "تبولة", "منسف", "مقلوبة", "شاورما", "كنافة", "بقلاوة", "محشي", "ملوخية", "فتوش"]
SWEETS = ["समोसा", "पनीर", "दाल", "रोटी", "नान", "पूरी", "खीर", "हलवा", "जलेबी", "लड्डू", "ढोकला", "इडली"]
MEALS = [
    "寿司",
    "天ぷら",
    "うどん",
    "そば",
    "味噌汁",
    "おにぎり",
    "焼き鳥",
    "牛丼",
    "ラーメン",
    "カレー",
    "餃子",
    "刺身",
]
ANIMALS = ["👍", "👩‍🌾", "🐀", "❤️"]

ODD: dict[str, list[str]] = {
    "one item": ["emma"],
    "one symbol": ["x"],
    "two": ["emma", "olivia"],
    "three": ["a", "b", "c"],
    "nine": made_items(9),
    "ten": made_items(10),
    "digits": [str(n * n + 1000) for n in range(20)],
    "one symbol repeated": ["a" * n for n in range(1, 15)],
    "private use": [chr(0xE000 + n % 7) + chr(0xE000 + n % 5) + chr(0xE000 + n // 7) for n in range(20)],
    "emoji": [a + b + c for a in ANIMALS for b in ANIMALS[:2] for c in ANIMALS[1:]],
    "Arabic": DISHES,
    "Hindi": SWEETS,
    "Japanese": MEALS,
}


def options(seconds: float = 0, **data: object) -> dict[str, object]:
    """A time budget, and how the list is read."""
    return {"train": {"time_budget": seconds}, **({"data": data} if data else {})}
