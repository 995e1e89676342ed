"""First names and surnames of the generated passages; the training and the held-out part share none."""

from __future__ import annotations

from dataclasses import dataclass

from quantlat.data.embedded.answers import Split
from quantlat.data.embedded.inventory import words


@dataclass(frozen=True)
class NameLists:
    """The names of one part of the data."""

    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]


_TRAIN = NameLists(
    women=words(
        """Marta Ingrid Helen Amara Rosa Claire Yuki Fatima Elena Sofia Greta Nadia Lucia Margaret Priya Anna
        Beatrice Carmen Dorothy Edith Florence Hannah Irene Johanna Katrin Leila Monica Nora Olga Paula Ruth
        Sarah Teresa Ursula Vera Wanda Zoe Alice Brenda Catherine Diana Esther Frida Gloria Harriet Isabel
        Julia Kirsten Laura Miriam Naomi Petra Rachel Silvia Tamara Valerie Winifred Agnes Bridget Cecilia"""
    ),
    men=words(
        """Henrik Samuel Tomas Ibrahim Pedro Oliver Kenji Omar Viktor Daniel Erik Rajesh Matteo Arthur Stefan
        Bernard Charles Dmitri Edmund Felix George Hugo Ivan Joseph Karl Leonard Martin Nathan Otto Patrick
        Roland Simon Theodore Ulrich Vincent Walter Albert Benjamin Conrad Douglas Ernest Frank Gregory Howard
        Isaac Julian Kevin Lawrence Maurice Nicholas Philip Robert Sebastian Timothy Wilfred Adrian Bruno
        Clement Desmond Eugene"""
    ),
    surnames=words(
        """Lindqvist Hargreaves Okafor Castellanos Whitcombe Tanaka Moreau Petrov Halloran Bergstrom Delacroix
        Nakamura Ferreira Osborne Kowalski Ramaswamy Thornbury Vasquez Eriksen Marchetti Pemberton Adeyemi
        Rosenthal Sandoval Blackwood Chaudhry Dvorak Ellsworth Fontaine Gallagher Hashimoto Ivanova Jankowski
        Keller Lombardi McAllister Novak Oduya Pereira Quigley Rasmussen Schroeder Takahashi Underhill
        Valentine Weatherby Yamamoto Zielinski Abernathy Bianchi Carmichael Dimitrov Engstrom Fairbanks
        Gutierrez Henriksen Iyer Jorgensen Kapoor Langford Montgomery Nyberg Ortega Prescott Ramirez Saunders
        Thackeray Ueda Vandermeer Wetherall Youssef Zimmermann Aldridge Beaumont Cartwright Donnelly Escobar
        Fitzgerald Greenwood Holloway Ibarra Jefferson Kovacs Leclerc Mendoza Nordstrom Orlov Pettersson
        Richter Sinclair Tolliver Varga Winslow Zamora Ashworth Bouchard Crawford Duarte Everett Forsyth
        Goldberg Haraldsen Jansson Kirkland Lefebvre Maddox Nichols Oyelaran Papadakis Redmond Stanhope
        Trevelyan Verhoeven Whitaker Yilmaz Zapata Armitage Bhattacharya Coleridge Dalgaard Estrada Fleming
        Grantham Huang Jimenez Kimura Larkin Mbeki Navarro Olsen Pryce Rutherford Silveira Tanner Urquhart
        Vogel Wheeler Yates Zeller"""
    ),
)

_DEV = NameLists(
    women=words(
        """Astrid Chiara Deborah Emilia Gwendolyn Ilse Judith Kiran Louisa Mei Noelle Odette Philippa Renata
        Sunniva Thandiwe Violet Yasmin Zainab Annika Bettina Camille Delphine Eleanor Fiona"""
    ),
    men=words(
        """Alistair Boris Cornelius Duncan Emeka Frederick Gustav Hassan Ignacio Jerome Kwame Lorenzo Magnus
        Nikolai Oscar Pascal Quentin Rupert Sven Tobias Umberto Wendell Xavier Yusuf Zoltan"""
    ),
    surnames=words(
        """Abbott Amundsdottir Barrington Castillo Christensen Devereux Donahue Edelstein Falkenberg Farquhar
        Gunnarsson Hawthorne Hidalgo Inoue Isaksson Jovanovic Kaplan Kristiansen Laurier Lindholm MacGregor
        Mahmoud Nakagawa Nwosu Obermann Okonkwo Palmgren Pinheiro Radcliffe Renaldi Sakamoto Santangelo
        Strickland Szabo Tennyson Thorvald Ulvang Vaillancourt Venkataraman Villanueva Wainwright Wojcik
        Xenakis Yoshida Zachariasen Ainsley Brockhurst Chevalier Dressler Eastwick Fujimoto Gascoigne Heggem
        Ivarsson Karlsen Lachance Mansouri Northrup Oduber Pellegrini Rothschild Sorensen Tremblay"""
    ),
)

NAMES: dict[Split, NameLists] = {"train": _TRAIN, "dev": _DEV}
