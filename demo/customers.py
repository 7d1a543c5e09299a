"""Made-up customers with names that sound like somebody's. Pure: one seed, one cast."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from operations.statuses import Plan

FIRST = (
    *("Alder", "Amber", "Anchor", "Arbor", "Aspen", "Beacon", "Birch", "Bluebell", "Bramble", "Bright"),
    *("Cedar", "Cinder", "Clover", "Cobalt", "Copper", "Coral", "Delta", "Ember", "Falcon", "Fern"),
    *("Foxglove", "Garnet", "Granite", "Harbor", "Hazel", "Heron", "Indigo", "Iron", "Ivory", "Juniper"),
    *("Kestrel", "Lantern", "Larch", "Linden", "Lumen", "Maple", "Marble", "Meadow", "Meridian", "North"),
    *("Oak", "Onyx", "Orchard", "Osprey", "Pebble", "Pine", "Quartz", "Quill", "Raven", "River", "Rowan"),
    *("Saffron", "Sage", "Silver", "Sparrow", "Summit", "Thistle", "Tidal", "Umber", "Vale", "Willow"),
    *("Zephyr",),
)
SECOND = (
    *("Analytics", "Bikes", "Books", "Clinics", "Coffee", "Energy", "Farms", "Foods", "Freight", "Games"),
    *("Health", "Homes", "Insurance", "Labs", "Legal", "Logistics", "Media", "Mobility", "Optics", "Payroll"),
    *("Pharma", "Robotics", "Schools", "Studios", "Travel", "Water"),
)
GIVEN = (
    "Ada",
    "Amir",
    "Bea",
    "Chen",
    "Dana",
    "Elif",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kofi",
    "Lena",
    "Mateo",
)
FAMILY = ("Adler", "Banda", "Costa", "Dietz", "Eriksen", "Fontaine", "Gupta", "Haas", "Ito", "Jansen", "Kaya", "Lopez")
PLANS = {Plan.STARTER: 60, Plan.BUSINESS: 29, Plan.ENTERPRISE: 11}


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """A tenant and its owner, before anything has happened to it."""

    id: UUID
    slug: str
    name: str
    plan: Plan
    owner_id: UUID
    owner_name: str
    owner_email: str


def cast(chance: Random) -> Iterator[Customer]:
    """Customers without end to their number that matters; no two share a name."""
    names = [(first, second) for first in FIRST for second in SECOND]
    chance.shuffle(names)
    for first, second in names:
        given, family = chance.choice(GIVEN), chance.choice(FAMILY)
        slug = f"{first}-{second}".lower()
        yield Customer(
            id=some_id(chance),
            slug=slug,
            name=f"{first} {second}",
            plan=chance.choices(list(PLANS), weights=list(PLANS.values()))[0],
            owner_id=some_id(chance),
            owner_name=f"{given} {family}",
            owner_email=f"{given}.{family}@{slug}.example".lower(),
        )


def some_id(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
