#!/usr/bin/python3
"""Sample records of the demonstration, written for the project: prints NDJSON of bodies for one of three platforms.

usage: demo.py alimentation|mobilite|annuaire"""
import json
import sys

VILLES = [("Lyon", "69123", 45.7640, 4.8357), ("Villeurbanne", "69266", 45.7719, 4.8902), ("Grenoble", "38185", 45.1885, 5.7245),
          ("Saint-Étienne", "42218", 45.4397, 4.3872), ("Valence", "26362", 44.9334, 4.8924), ("Die", "26113", 44.7536, 5.3705),
          ("Annecy", "74010", 45.8992, 6.1294), ("Chambéry", "73065", 45.5646, 5.9178), ("Crest", "26108", 44.7286, 5.0222),
          ("Bourg-en-Bresse", "01053", 46.2052, 5.2255)]
FERMES = ["Ferme des Trois Chênes", "Les Jardins du Rhône", "GAEC de la Combe", "La Ruche du Vercors",
          "Le Potager de Lucie", "Ferme du Grand Pré", "Les Vergers d'Amont", "La Chèvrerie de Saou",
          "Moulin de la Drôme", "Le Fournil partagé"]
PRODUITS = [("Tomates anciennes", "hierloom-tomato", "Kilogram"), ("Carottes de sable", "carrot", "Kilogram"),
            ("Pommes de terre Charlotte", "potato", "Kilogram"), ("Courges butternut", "butternut", "Piece"),
            ("Pommes reinettes", "apples", "Kilogram"), ("Poires Williams", "pear", "Kilogram"),
            ("Noix de Grenoble", "walnut", "Kilogram"), ("Picodon affiné", "goat-mature-cheese", "Piece"),
            ("Tomme de montagne", "mature-cheese", "Kilogram"), ("Yaourt de brebis", "sheep-natural-yogurt", "Piece"),
            ("Miel de châtaignier", "honey", "Piece"), ("Pain de campagne au levain", "bread", "Piece"),
            ("Farine de blé T80", "flour", "Kilogram"), ("Lentilles vertes", "lentils", "Kilogram")]
LIEUX = ["Aire de covoiturage", "Parking relais", "Parking", "Supermarché", "Auto-stop"]
METIERS = [("coopérative d'habitants", "housing-cooperative"), ("épicerie solidaire", "consumer-cooperative"),
           ("tiers-lieu", "multi-stakeholder-cooperative"), ("recyclerie", "association"),
           ("société coopérative de livraison", "worker-cooperative"), ("accompagnement numérique", "association"),
           ("jardin d'insertion", "social-enterprise"), ("monnaie locale", "association"),
           ("énergie citoyenne", "community-cooperative"), ("crèche parentale", "association")]


def pres_de(i):
    ville, insee, lat, lon = VILLES[i % len(VILLES)]
    return ville, insee, round(lat + (i % 5) * 0.003, 4), round(lon + (i % 7) * 0.003, 4)


def alimentation():
    n = 0
    for f, ferme in enumerate(FERMES):
        for nom, sorte, unite in PRODUITS:
            n += 1
            base = f"https://ferme-{f + 1}.example/dfc"
            yield {"ref": f"produits/{n}", "@id": f"{base}/produits/{n}", "@type": "dfc-b:SuppliedProduct", "dfc-b:name": nom,
                   "dfc-b:hasType": f"dfc-pt:{sorte}", "dfc-b:suppliedBy": f"{base}/entreprise",
                   "dfc-b:hasQuantity": {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": 1, "dfc-b:hasUnit": f"dfc-m:{unite}"},
                   "dfc-b:description": f"{nom} de {ferme}, en circuit court, retrait au marché le {['mardi', 'jeudi', 'samedi'][n % 3]}."}


def mobilite():
    for n in range(1, 121):
        ville, insee, lat, lon = pres_de(n)
        sorte = LIEUX[n % len(LIEUX)]
        yield {"ref": f"lieux/{n}", "id_lieu": f"{insee}-C-{n:03d}", "nom_lieu": f"{sorte} de {ville} ({n})", "com_lieu": ville,
               "insee": insee, "type": sorte, "date_maj": f"2026-{n % 12 + 1:02d}-15", "ouvert": n % 9 != 0, "Xlong": lon, "Ylat": lat,
               "nbre_pl": 5 + n * 7 % 60, "nbre_pmr": n % 3, "comm": f"Près du marché et de la gare de {ville} ; abri à vélo."}


def annuaire():
    for n in range(1, 111):
        metier, sorte = METIERS[n % len(METIERS)]
        ville, _, lat, lon = pres_de(n * 3)
        yield {"ref": f"organisations/{n}", "name": f"{metier[0].upper()}{metier[1:]} de {ville} ({n})", "kind": sorte,
               "geo": {"lat": lat, "lon": lon}, "address": {"locality": ville, "country": "FR"}, "tags": [metier], "status": "active",
               "description": f"{metier} à {ville}, membre du commun ; marché mensuel et ateliers ouverts à toutes et tous."}


for fiche in {"alimentation": alimentation, "mobilite": mobilite, "annuaire": annuaire}[sys.argv[1]]():
    print(json.dumps(fiche, ensure_ascii=False, sort_keys=True))
