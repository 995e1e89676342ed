"""Towns, and the stems from which institutions, ships, expeditions and landmarks take their names."""

from __future__ import annotations

from quantlat.data.embedded.answers import Split
from quantlat.data.embedded.inventory import phrases, words

TOWNS: dict[Split, tuple[str, ...]] = {
    "train": phrases(
        """Aberdeen|Adelaide|Antwerp|Arnhem|Avignon|Basel|Bergen|Bilbao|Bologna|Bordeaux|Brighton|Brno|Bruges
        |Calgary|Cardiff|Cordoba|Cork|Dresden|Dundee|Durban|Exeter|Galway|Gdansk|Geneva|Ghent|Glasgow|Graz
        |Grenoble|Halifax|Hamburg|Hobart|Innsbruck|Izmir|Jaipur|Kazan|Kyoto|Lausanne|Leipzig|Limerick|Linz
        |Lublin|Lyon|Malmo|Marseille|Medellin|Milwaukee|Montevideo|Nagoya|Nantes|Naples|Newcastle|Norwich
        |Odense|Oporto|Osaka|Ottawa|Padua|Palermo|Perth|Pilsen|Plymouth|Portland|Quebec|Riga|Rotterdam
        |Salzburg|Seattle|Seville|Sheffield|Siena|Southampton|Split|Stavanger|Strasbourg|Stuttgart|Swansea
        |Sydney|Tallinn|Toledo|Toulouse|Trieste|Trondheim|Turin|Uppsala|Utrecht|Valencia|Valparaiso|Venice
        |Verona|Vilnius|Wellington|Winnipeg|Zagreb|Zurich|Ashcombe|Barrow Mills|Blackmere|Calderford
        |Claymoor|Dunwick|Eastonbury|Fairhaven|Glenmorrow|Harrowgate Falls|Ingleby|Kestrel Bay|Larkhill
        |Marlow Creek|Netherby|Oakhampton|Penderry|Ravensdale|Saltmarsh|Thornwick|Upper Wexley|Wolverley"""
    ),
    "dev": phrases(
        """Aarhus|Bremen|Bucharest|Cadiz|Christchurch|Cologne|Denver|Edinburgh|Fallow Springs|Freiburg
        |Genoa|Gothenburg|Granada|Hanover|Helsinki|Inverness|Kaunas|Kobe|Krakow|Lille|Ljubljana|Lugano
        |Maastricht|Malaga|Mombasa|Montpellier|Nottingham|Oulu|Parma|Pittsburgh|Poznan|Ravenna|Rennes|Rosario
        |Santander|Sapporo|Szeged|Tampere|Turku|Vancouver|Winchester|Wroclaw|York Harbour|Amberley Cross
        |Brackenridge|Copperfield|Finnegan Head|Elmstead|Foxbourne|Gravenhurst|Hollowell|Kingsmere
        |Lower Aldbury|Millbrook|Pinewater|Rosscarrick|Silverton|Tarnside|Westering|Yarrowby"""
    ),
}

STEMS: dict[Split, tuple[str, ...]] = {
    "train": words(
        """Halden Northgate Ashdown Bellweather Corrigan Dunmore Everly Fenwick Garland Hollister Ironwood
        Jessop Kingsley Lockhart Merrow Nettleton Ormond Penrose Quarrington Rookwood Selwyn Thorne Ullman
        Vance Wyndham Yardley Alder Brightwell Cresswell Drummond Elgin Falkner Glenlyon Hathaway Inverfield
        Juniper Kestner Lambert Mallory Norwood Oakley Pallister Radnor Sterling Tamworth Upton Vickers
        Waverley Astor Bainbridge Carlisle Danvers Ellery Farrow Gresham Hadley Ingram Jarrow Kendrick Lorimer
        Meridian Nimbus Orchard Pembroke Redfern Sablewood Trentham Vantage Westbrook Alcott Birchall Camden
        Denholm Eskdale Fernley Granville Harcourt Islington Kenwood Lydgate Marchmont Newbury Overton Pinnacle
        Ridgeway Stonebridge Tarleton Verity Wexford Ambrose Bramley Clifton Dorset Emery Fulton Gilchrist
        Hanley Lennox Montrose Neville Orwell Paxton Renfrew Southwell Tiverton Wakefield"""
    ),
    "dev": words(
        """Aldgate Beaufort Chatham Dunbar Emsworth Finchley Galloway Hartwell Ilford Keswick Langdale Maitland
        Northam Oldcastle Percival Rainford Stanmore Thirlmere Underwood Vernham Whitmore Yelverton Ardmore
        Blythe Calloway Dalton Endicott Fairfax Greystone Hazelwood Ivybridge Kimberly Linwood Milford Nesbitt
        Osgood Parkhurst Ramsey Sherwood Talbot Vaughan Wycombe Ackerley Bosworth Colborne"""
    ),
}

PORTS: dict[Split, tuple[str, ...]] = {
    "train": phrases(
        """Aberdeen | Adelaide | Antwerp | Bergen | Bilbao | Bordeaux | Cardiff | Cork | Dundee | Durban | Galway
        | Gdansk | Glasgow | Halifax | Hamburg | Hobart | Izmir | Malmo | Marseille | Montevideo | Nagoya | Nantes
        | Naples | Newcastle | Oporto | Osaka | Palermo | Plymouth | Portland | Riga | Rotterdam | Seattle
        | Southampton | Split | Stavanger | Swansea | Sydney | Tallinn | Trieste | Trondheim | Valencia
        | Valparaiso | Venice | Wellington | Fairhaven | Kestrel Bay | Saltmarsh"""
    ),
    "dev": phrases(
        """Aarhus | Bremen | Cadiz | Christchurch | Edinburgh | Genoa | Gothenburg | Helsinki | Inverness | Kobe
        | Malaga | Mombasa | Oulu | Santander | Turku | Vancouver | York Harbour | Finnegan Head | Westering"""
    ),
}
"""The towns, out of ``TOWNS``, in which a ship can call."""
