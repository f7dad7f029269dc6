#!/usr/bin/python3
"""Sample records of the demonstration, written for the project: prints NDJSON for one of three platforms.

usage: demo.py alimentation|mobilite|annuaire"""
import json
import sys

VILLES = [("Lyon", 45.7640, 4.8357), ("Villeurbanne", 45.7719, 4.8902), ("Grenoble", 45.1885, 5.7245),
          ("Saint-Étienne", 45.4397, 4.3872), ("Valence", 44.9334, 4.8924), ("Die", 44.7536, 5.3705),
          ("Annecy", 45.8992, 6.1294), ("Chambéry", 45.5646, 5.9178), ("Crest", 44.7286, 5.0222),
          ("Bourg-en-Bresse", 46.2052, 5.2255)]
FERMES = ["Ferme des Trois Chênes", "Les Jardins du Rhône", "GAEC de la Combe", "La Ruche du Vercors",
          "Le Potager de Lucie", "Ferme du Grand Pré", "Les Vergers d'Amont", "La Chèvrerie de Saou",
          "Moulin de la Drôme", "Le Fournil partagé"]
PRODUITS = [("Tomates anciennes", "légumes", "kg", 3.9), ("Carottes de sable", "légumes", "kg", 2.2),
            ("Pommes de terre Charlotte", "légumes", "kg", 1.8), ("Courges butternut", "légumes", "pièce", 2.5),
            ("Pommes reinettes", "fruits", "kg", 2.6), ("Poires Williams", "fruits", "kg", 3.1),
            ("Noix de Grenoble", "fruits", "kg", 6.5), ("Picodon affiné", "fromages", "pièce", 3.2),
            ("Tomme de montagne", "fromages", "kg", 19.5), ("Yaourt de brebis", "fromages", "pot", 1.1),
            ("Miel de châtaignier", "épicerie", "pot", 8.4), ("Pain de campagne au levain", "boulangerie", "pièce", 4.2),
            ("Farine de blé T80", "épicerie", "kg", 1.9), ("Lentilles vertes", "épicerie", "kg", 4.8)]
TRAJETS = ["vélo cargo en libre partage", "autopartage citadine", "covoiturage du matin", "navette de village",
           "atelier de réparation de vélos", "location solidaire de scooters"]
METIERS = ["coopérative d'habitants", "épicerie solidaire", "tiers-lieu", "recyclerie", "société coopérative de livraison",
           "accompagnement numérique", "jardin d'insertion", "monnaie locale", "énergie citoyenne", "crèche parentale"]


def lieu(i):
    ville, lat, lon = VILLES[i % len(VILLES)]
    return {"ville": ville, "position": {"type": "Point", "coordinates": [round(lon + (i % 7) * 0.003, 4), round(lat + (i % 5) * 0.003, 4)]}}


def alimentation():
    n = 0
    for f, ferme in enumerate(FERMES):
        for nom, rayon, unite, prix in PRODUITS:
            n += 1
            yield {"ref": f"produits/{n}", "nom": nom, "rayon": rayon, "producteur": ferme, "lieu": lieu(f),
                   "offre": {"prix": round(prix * (0.9 + 0.02 * ((n * 7) % 11)), 2), "devise": "EUR", "unite": unite},
                   "description": f"{nom} de {ferme}, en circuit court, retrait le {['mardi', 'jeudi', 'samedi'][n % 3]}."}


def mobilite():
    for n in range(1, 121):
        quoi = TRAJETS[n % len(TRAJETS)]
        yield {"ref": f"services/{n}", "nom": f"{quoi[0].upper()}{quoi[1:]} n° {n}", "genre": quoi, "lieu": lieu(n),
               "horaires": {"ouverture": "07:30", "fermeture": "19:00"}, "accessible": n % 3 == 0,
               "description": f"{quoi} près du marché et de la gare de {VILLES[n % len(VILLES)][0]}, ouvert aux sociétaires."}


def annuaire():
    for n in range(1, 111):
        metier = METIERS[n % len(METIERS)]
        ville = VILLES[(n * 3) % len(VILLES)][0]
        yield {"ref": f"organisations/{n}", "nom": f"{metier[0].upper()}{metier[1:]} de {ville} ({n})", "activite": metier,
               "lieu": lieu(n * 3), "statut": ["SCIC", "SCOP", "association"][n % 3], "membres": 8 + (n * 13) % 240,
               "description": f"{metier} à {ville}, membre du commun ; marché mensuel et ateliers ouverts à toutes et tous."}


for fiche in {"alimentation": alimentation, "mobilite": mobilite, "annuaire": annuaire}[sys.argv[1]]():
    print(json.dumps(fiche, ensure_ascii=False, sort_keys=True))
