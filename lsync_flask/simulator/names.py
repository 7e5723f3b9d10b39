"""Word lists for made-up people and made-up firms. No list names anybody; the pairs are drawn at random."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(";"))


FIRST_NAMES: dict[str, tuple[str, ...]] = {
    "English": _words(
        """Alice Amelia Andrew Anna Benjamin Caroline Charlotte Christopher Daniel David Edward Eleanor Emily Ethan
        Fiona George Grace Hannah Harry Isabella Jack James Jessica Joanna Joseph Kate Laura Liam Lucy Marcus Martha
        Matthew Megan Michael Nathan Nicole Olivia Oscar Patrick Rachel Rebecca Robert Ruth Samuel Sarah Sean Sophie
        Thomas Victoria William Zoë Aisha Priya Kwame Mei Omar Fatima Rohan Siobhán Niamh"""
    ),
    "German": _words(
        """Anke Anja Birgit Björn Christian Claudia Dieter Elke Felix Florian Franziska Günter Hannah Heike Ingrid Jan
        Jörg Jürgen Karin Katharina Lena Lukas Manuela Markus Matthias Monika Nadine Oliver Petra Rüdiger Sabine
        Sebastian Stefan Susanne Tobias Ulrike Uwe Wolfgang Yannick Käthe Özlem Mehmet"""
    ),
    "French": _words(
        """Adèle Alain Amélie Antoine Aurélie Benoît Camille Cécile Céline Chloé Clément Élodie Émile Étienne François
        Gaëlle Geneviève Guillaume Hélène Hervé Inès Jérôme Julien Léa Loïc Luc Margaux Mathilde Maxime Noémie Océane
        Pascal Rémi Sébastien Solène Théo Thérèse Valérie Yves Zoé"""
    ),
    "Japanese": _words(
        """Aiko Akira Ayumi Daisuke Emi Fumiko Haruka Hideki Hiroshi Kaori Kazuo Keiko Kenji Kōji Mai Makoto Megumi
        Naoko Naoki Noriko Rina Ryō Sakura Satoshi Shinji Shōta Takashi Takumi Tomoko Yasuko Yōko Yuki Yūta"""
    ),
    "Nordic": _words(
        """Aino Anders Annika Åsa Astrid Birgitta Björn Eero Elina Erik Freja Göran Gunnar Håkan Heikki Ida Ingrid Jari
        Johanna Jyrki Karin Kristina Lars Linnea Magnus Maija Märta Mikael Nils Päivi Pekka Pernilla Sören Sven Tuula
        Väinö"""
    ),
    "Spanish": _words(
        """Adrián Alejandra Álvaro Ana Andrés Beatriz Begoña Carlos Carmen Concepción Diego Elena Enrique Fernando
        Gonzalo Inés Íñigo Javier José Juan Laura Lucía Luis Manuel María Martín Miguel Nuria Óscar Pablo Pilar Ramón
        Raúl Rocío Sofía Teresa"""
    ),
    "Italian": _words(
        """Alessandra Andrea Chiara Davide Elena Federica Francesco Giorgia Giulia Giuseppe Lorenzo Luca Marco Matteo
        Niccolò Paola Roberto Sara Simone Valentina"""
    ),
    "Dutch": _words(
        """Anouk Bart Bram Daan Eline Femke Floris Hanneke Jeroen Joris Katrijn Lieke Maarten Marieke Niels Pieter Renée
        Roos Sander Sanne Thijs Wouter"""
    ),
}

LAST_NAMES: dict[str, tuple[str, ...]] = {
    "English": _words(
        """Adeyemi Ashworth Barlow Bennett Blackwood Brennan Carter Chaudhry Clarke Cooper Dalton Davenport Ellison
        Fairchild Fletcher Fraser Gallagher Garrison Hartley Hawthorne Holloway Hughes Kavanagh Kendrick Langley
        Lockwood MacDonald Marlowe Mercer Monroe Nakamura O'Brien O'Neill Okafor Osborne Parker Patel Pemberton Quigley
        Radcliffe Reynolds Sawyer Sinclair Stratton Sullivan Thackeray Thornton Underhill Vaughan Wainwright Whitaker
        Winslow Wong Yates Nguyen D'Souza Smith-Jones"""
    ),
    "German": _words(
        """Albrecht Bäcker Bergmann Böhm Brückner Dörfler Eberhardt Fröhlich Fuchs Görtz Graßhoff Günther Hübner Jäger
        Kästner Köhler Krämer Lindner Löffler Lüders Maßmann Möller Müller Nägele Öztürk Pfeiffer Röder Schäfer
        Schröder Schütz Strauß Tümmler Vögele Voß Weißmann Wünsche Yücel Zöllner"""
    ),
    "French": _words(
        """Aubert Beauchêne Bénard Besançon Blanchard Boisvert Chrétien Collet Crépin Delacroix Desprès Duchêne Dufrêne
        Fabre Fèvre Gauthier Gérard Guérin Hébert Lacaze Lefèvre Lemaître L'Hostis Maréchal Mercier Noël Pélissier
        Prévost Rivière Rousselot Séguin Thévenet Vallée Viguié"""
    ),
    "Japanese": _words(
        """Aoki Endō Fujiwara Gotō Hasegawa Hayashi Hoshino Inoue Ishii Itō Kageyama Katō Kimura Kōno Kudō Kurosawa
        Maeda Matsumoto Miyazaki Mori Murata Nishimura Ogawa Okada Ōno Saitō Sasaki Satō Shimizu Sudō Takeda Tanaka
        Ueda Yamashita Yoshida"""
    ),
    "Nordic": _words(
        """Åkesson Andersson Bäckström Björklund Dahlgren Ekström Forsberg Grönlund Hägglund Hämäläinen Isaksson
        Järvinen Kjellberg Korhonen Lindqvist Lönnroth Mäkelä Nieminen Nyström Öberg Östlund Rönnqvist Sandström
        Sjöberg Söderlund Strömberg Virtanen Wahlström"""
    ),
    "Spanish": _words(
        """Aguirre Álvarez Benítez Bermúdez Cañizares Castañeda Domínguez Echevarría Fernández Fuentes Gálvez García
        Gutiérrez Hernández Ibáñez Jiménez León Márquez Méndez Muñoz Núñez Ordóñez Peña Quiñones Ramírez Rodríguez
        Sáez Sánchez Urrutia Vázquez Yáñez Zúñiga"""
    ),
    "Italian": _words(
        """Amato Bellini Bianchi Caruso Colombo Conti D'Angelo DeLuca Esposito Ferrari Gallo Greco Lombardi Mancini
        Marino Moretti Ricci Rinaldi Romano Santoro"""
    ),
    "Dutch": _words(
        """Aerts Bakker Claes Coppens Dekker Janssens Jansen Kuipers Mertens Peeters Smeets Timmermans Visser Vos
        Willems Wouters Maes Goossens Hermans Verhoeven"""
    ),
}

LANGUAGES = {
    "Germany": "German",
    "Austria": "German",
    "Switzerland": "German",
    "France": "French",
    "Luxembourg": "French",
    "Japan": "Japanese",
    "Sweden": "Nordic",
    "Finland": "Nordic",
    "Norway": "Nordic",
    "Spain": "Spanish",
    "Mexico": "Spanish",
    "Argentina": "Spanish",
    "Italy": "Italian",
    "Netherlands": "Dutch",
    "Belgium": "Dutch",
}

TITLES = _phrases(
    """Account Director;Analyst;Buyer;CEO;CFO;Chief Data Officer;Chief Information Officer;Chief Marketing Officer;
    Controller;CTO;Customer Success Manager;Data Analyst;Demand Generation Manager;Director of IT;Director of Marketing;
    Director, Sales Operations;Engineer;Enterprise Architect;Finance Director;Head of Digital;Head of Procurement;
    HR Business Partner;HR Manager;IT Manager;Legal Counsel;Managing Director;Marketing Manager;Operations Manager;
    Plant Manager;Procurement Specialist;Product Manager;Project Lead;Purchasing Manager;Regional Sales Manager;
    Sales Development Representative;Sales Manager;Senior Buyer;Senior Software Engineer;Supply Chain Manager;
    SVP Strategy;Treasurer;VP Engineering;VP Marketing;VP of Sales;Werkstudent;Leiter Einkauf;Responsable Achats;
    Directeur Général;Geschäftsführer;Jefe de Compras"""
)

DEPARTMENTS = ("Finance", "IT", "Marketing", "Operations", "Procurement", "Sales", "Human Resources", "Legal", "R&D")

FIRM_WORDS = _words(
    """Alder Amberline Birchmere Bluefinch Brightwater Calderbrook Cloverfield Copperhill Dunmore Eastgate Elmhurst
    Fernhollow Foxglove Glenmoor Greywacke Hazelbank Heronsgate Ironbridge Juniper Kestrel Larkspur Limewood Maplecroft
    Millrace Northwind Oakhaven Pebblestone Quillback Ravenscar Rookwood Saltmarsh Silverbirch Stonecrop Swiftlet
    Thistledown Umberside Violetta Willowmere Windrush Yarrowdale"""
)
FIRM_TRADES = _phrases(
    """Analytics;Brewing;Carpentry;Catering;Consulting;Couriers;Dental Care;Design Studio;Electrical;Farm Supplies;
    Fittings;Flooring;Garage;Garden Centre;Interiors;Joinery;Labs;Landscaping;Laundry;Mechanical;Nurseries;Optics;
    Orchards;Packaging;Plumbing;Print Works;Robotics;Roofing;Software;Stationers;Systems;Textiles;Timber;Tooling;
    Trading;Translations;Veterinary;Workwear"""
)
FIRM_SUFFIXES = ("", " & Sons", " Ltd", " LLC", " Group", " GmbH", " Partners", " Inc.", " SARL", " Co.")
