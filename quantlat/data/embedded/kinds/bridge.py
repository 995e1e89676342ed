"""Passages about the building of a bridge and an older one nearby."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import (
    Amount,
    Date,
    DateAfter,
    Duration,
    Money,
    Person,
    Pick,
    Town,
    landmark,
    organisation,
)

BRIDGE = Kind(
    name="bridge",
    subject=(
        ("the <stem> Bridge", "the bridge"),
        ("the <stem> Viaduct", "the viaduct"),
        ("the <stem> Crossing", "the bridge"),
    ),
    rival=("the old <stem> Bridge", "the <stem> Footbridge", "the <stem> Railway Bridge"),
    slots={
        "river": landmark("the River {}", "the {} Gorge"),
        "north": Town(),
        "south": Town(),
        "engineer": Person(),
        "sculptor": Person(),
        "inspector": Person(),
        "mayor": Person(),
        "builder": organisation("the {} Construction Company", "{} Engineering"),
        "steelworks": organisation("the {} Steelworks", "the {} Foundry"),
        "bank": organisation("the {} Bank", "the {} Fund"),
        "operator": organisation("the {} Authority", "the {} Transport Board"),
        "date_stone": Date(1880, 1970),
        "date_deck": DateAfter("date_stone", 500, 1500),
        "date_open": DateAfter("date_deck", 60, 500),
        "date_light": DateAfter("date_open", 800, 9000),
        "length": Amount(310, 2_400, 10, "metres"),
        "width": Amount(29, 98, unit="feet"),
        "steel": Amount(4_000, 38_000, 500, "tonnes"),
        "lift": Amount(5, 90, unit="centimetres"),
        "cost_towers": Money(200_000, 900_000, 10_000),
        "cost_cables": Money(100_000, 800_000, 5_000),
        "cost_roads": Money(30_000, 90_000, 1_000),
        "toll": Money(2, 20, 1),
        "part_deck": Pick(AnswerType.OBJECT, "stones"),
        "part_piers": Pick(AnswerType.OBJECT, "stones"),
        "part_rail": Pick(AnswerType.OBJECT, "metals"),
        "part_lamps": Pick(AnswerType.OBJECT, "metals"),
        "site_reason": Pick(AnswerType.REASON, "site"),
        "stop_reason": Pick(AnswerType.REASON, "stop"),
        "colour_reason": Pick(AnswerType.REASON, "colour"),
        "close_reason": Pick(AnswerType.REASON, "close"),
        "stop_time": Duration("months", 3, 19),
        "paint_time": Duration("years", 2, 7),
        "walk_time": Duration("minutes", 5, 20),
        "close_time": Duration("days", 4, 25),
        "workers": Amount(310, 1_900, 10),
        "rivets": Amount(100_000, 900_000, 1_000),
        "lamps": Amount(24, 99),
        "cars": Amount(8_000, 60_000, 500),
        "rival_engineer": Person(),
        "rival_length": Amount(90, 800, 5, "yards"),
        "rival_cost": Money(10_000, 90_000, 1_000),
        "foreman": Person(),
        "diver": Person(),
        "diver_town": Town(),
    },
    pools={
        "stones": pool(
            """red granite | oak planks | white limestone | reinforced concrete | black slate | yellow brick |
            river pebbles""",
            """grey basalt | pine beams | pink sandstone | glazed tiles""",
        ),
        "metals": pool(
            """galvanised steel | wrought iron | polished brass | cast aluminium | green copper | old rails""",
            """stainless steel | cast bronze | chrome""",
        ),
        "site": pool(
            """the banks are closest together there | solid rock lies just below the mud | an old ferry route
            ended at the spot | the land already belonged to the city | ships could pass without being
            hindered""",
            """the current is weakest at that point | a wealthy farmer gave the ground away | the road on both
            sides was already straight""",
        ),
        "stop": pool(
            """a flood had carried off the scaffolding | the steel was of poor quality | the contractor had run out
            of money | a crane had fallen into the water | an ancient burial ground was discovered | the
            divers refused to go down again""",
            """frost had cracked the foundations | the plans were lost in a fire | a barge had rammed one of the
            piers | inspectors found errors in the drawings""",
        ),
        "colour": pool(
            """it could be seen best in the mist | the paint was left over from warships | schoolchildren had
            voted for it | it hid the soot of the steamers | the lichen on the cliffs has the same shade""",
            """it kept the metal cool in summer | a local painter had insisted on it | pilots had asked for
            it""",
        ),
        "close": pool(
            """a swarm of bees had settled on the deck | a truck full of acid had overturned | the cables were
            covered with ice | a film was being made there | a bolt was found on the pavement""",
            """an unexploded shell lay beneath it | strong winds made it sway | a herd of cattle had broken
            loose""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} spans {river} and links {north} on the northern bank with {south} on the southern one.
            - Between {north} in the north and {south} in the south, {S} carries the road over {river}.
            - Travellers from {north}, to the north, reach {south}, to the south, by way of {S}. Far below
              them lies {river}.
            - {S} was built across {river}. Its northern end is in {north}, its southern end in {south}.
            + High above {river}, {S} joins two towns: {north} at its northern end, {south} at its southern.
            + What lies under {S} is {river}. Anyone crossing it from the north starts in {north} and comes
              out in {south}.
            ? river: What does {S} cross? Over what was {S} built? What is spanned by {S}? What lies below {S}? /
              Above what does {S} stand? Over what does {S} stand? High above what does {S} join two towns? What lies
              under {S}?
            ? north: Which town lies at the northern end of {S}? Where does {S} begin in the north? What is the town
              on the north side of {S}? Where is the northern end of {S}? / Which place is north of {S}? On the north
              bank, what town does {S} touch? Where does somebody crossing {S} from the north start?
            ? south: Which town lies at the southern end of {S}? Where does {S} end in the south? What is the town on
              the south side of {S}? Where is the southern end of {S}? / Which place is south of {S}? On the south
              bank, what town does {S} touch? In which town does somebody crossing from the north come out?
            """,
            opening=True,
        ),
        fact(
            "people",
            """
            - The design was the work of {engineer}. {sculptor} carved the figures on the portals,
              {inspector} checked the safety of the cables, and {mayor} fought for the project in the
              council.
            - {mayor} persuaded the politicians, {engineer} drew the plans, {inspector} tested the
              structure, and {sculptor} made the stone lions.
            - As engineer {engineer} was appointed. The statues were left to {sculptor}, the safety tests to
              {inspector}, and the political battle to {mayor}, then mayor.
            - Without {mayor}, the mayor, the council would never have agreed. {engineer} designed {S}; its
              sculptures are by {sculptor}, and {inspector} carried out the tests of strength.
            + {sculptor} adorned {S} with animals in stone, {inspector} examined every cable, {mayor} won
              the votes in town hall, and {engineer} had worked out the whole plan.
            + The vote in the council was won by {mayor}. The plans were by {engineer}, the decoration by
              {sculptor}; whether everything held was examined by {inspector}.
            ? engineer: Who designed {S}? Who drew the plans for {S}? Who was the engineer of {S}? By whom was {S}
              planned? / Who was the designer of {S}? Who thought out the construction of {S}? Who had worked out the
              whole plan of {S}? By whom were the plans of {S}?
            ? sculptor: Who made the sculptures on {S}? Who was the sculptor? Who created the stone figures? By whom
              are the statues on {S}? / Which artist decorated {S}? Who is responsible for the ornaments of {S}? Who
              adorned {S} with animals in stone? By whom was the decoration of {S}?
            ? inspector: Who tested {S}? Who checked whether {S} was safe? Who carried out the safety tests? Who
              inspected the structure? / Who examined whether {S} was safe? Who was the inspector of {S}? Who examined
              every cable of {S}? By whom was it examined whether everything held?
            ? mayor: Which politician supported {S}? Who got the council to agree to {S}? Who fought for {S} in
              politics? Who was mayor at the time? / Who convinced the councillors of the need for {S}? Who was the
              political champion of {S}? Who won the votes in town hall? By whom was the vote in the council won?
            """,
        ),
        fact(
            "firms",
            """
            - {builder} won the contract, {steelworks} delivered the steel, {bank} lent the money, and
              {operator} has been responsible for maintenance ever since.
            - The metal was rolled by {steelworks}. {bank} granted the credit, {builder} did the building
              work, and the upkeep is the duty of {operator}.
            - Today {operator} looks after {S}. It was erected by {builder} with metal from {steelworks},
              and the funds were provided by {bank}.
            - A loan from {bank} paid for {S}. The general contractor was {builder}; the girders came from
              {steelworks}, and repairs are a matter for {operator}.
            + Construction was entrusted to {builder} and its financing to {bank}. {steelworks} was the
              supplier of the girders. Maintenance is carried out by {operator}.
            + {operator} keeps {S} in good repair. Its girders were made at {steelworks}, put together by
              {builder} and paid for with a credit from {bank}.
            ? builder: Which firm built {S}? Who was the contractor for {S}? By which company was {S} erected? Who did
              the building work? / Who got the job of building {S}? Which company put {S} up? To which company was the
              construction entrusted? Which company put the girders together?
            ? steelworks: Where did the steel come from? Which works supplied the metal? Who delivered the steel for
              {S}? From which firm did the girders come? / Who produced the metal parts of {S}? Which company made the
              steel for {S}? Which company was the supplier of the girders? Where were the girders of {S} made?
            ? bank: Who lent the money for {S}? Who financed {S}? Which institution provided the funds? From whom did
              the loan come? / Which institution gave a credit for {S}? Who funded the building of {S}? To whom was
              the financing of {S} entrusted? Whose credit paid for {S}?
            ? operator: Who maintains {S}? Which body is responsible for {S} today? Who looks after {S}? Who has to
              repair {S}? / Which organisation takes care of {S} now? Who is in charge of the upkeep of {S}? By whom
              is the maintenance carried out? Who keeps {S} in good repair?
            """,
        ),
        fact(
            "dates",
            """
            - The foundation stone was laid on {date_stone}. On {date_deck} the two halves of the deck met,
              and traffic was let across on {date_open}. Electric light followed on {date_light}.
            - Work began with a ceremony on {date_stone}; the gap in the deck was closed on {date_deck}. {S}
              was opened on {date_open} and illuminated for the first time on {date_light}.
            - {S} was inaugurated on {date_open}, after the last piece of the deck had been fitted on
              {date_deck}. The first stone dated from {date_stone}; the lamps were not lit until
              {date_light}.
            - Lamps have burned on {S} since {date_light}. It had been opened to vehicles on {date_open};
              the deck was complete on {date_deck}, and building had started on {date_stone}.
            + {date_stone} is the day on which building started, {date_deck} the day on which the deck
              became whole, and {date_open} that of the first crossing by the public. Lighting followed on
              {date_light}.
            + The public could use {S} from {date_open}. Its deck had been finished on {date_deck}, its
              first stone set on {date_stone}. Since {date_light} there has been lighting.
            ? date_stone: When was the foundation stone of {S} laid? On what date did construction begin? When did
              work on {S} start? On which day was the first stone set? / On which day did they start to build {S}?
              When did the building of {S} get going? On which day was building started? When was the first stone of
              {S} set?
            ? date_deck: When was the deck completed? On what date did the two halves meet? When was the gap in the
              deck closed? On which day was the deck finished? / When were both sides of {S} joined? On which day did
              the deck become one piece? On which day did the deck become whole? When had the deck of {S} been
              finished?
            ? date_open: When was {S} opened? On what date did traffic first use {S}? When was the inauguration of
              {S}? On which day could vehicles cross for the first time? / When could the public cross {S} for the
              first time? On which day was {S} put into service? On which day was the first crossing by the public?
            ? date_light: When was {S} first lit? On what date was the lighting switched on? When did {S} get electric
              light? On which day were the lamps lit for the first time? / Since when has {S} been illuminated? On
              which day did {S} receive lighting? Since which day has there been lighting on {S}?
            """,
        ),
        fact(
            "measures",
            """
            - {S} is {length} long and {width} wide. It contains {steel} of steel, and on a hot day its
              middle rises by {lift}.
            - {steel} of steel went into {S}, whose length is {length} and whose width is {width}. In the
              heat the centre moves up by as much as {lift}.
            - From end to end {S} measures {length}, from side to side {width}. Its steel weighs {steel};
              summer warmth lifts the middle by {lift}.
            - Heat can raise the middle by {lift}. The roadway is {width} across and runs for {length}, and
              the steel in it comes to {steel}.
            + The distance between both ends is {length}, the breadth {width}. All the steel together weighs
              {steel}. The centre climbs {lift} when the sun is strong.
            + In strong sun the centre stands {lift} higher than usual. {S} stretches for {length} with a
              breadth of {width}, and {steel} of steel hold it up.
            ? length: How long is {S}? What is the length of {S}? How far does {S} run from end to end? What does {S}
              measure in length? / What distance does {S} stretch? How far is it from one end of {S} to the other?
              What is the distance between both ends of {S}? For what length does {S} stretch?
            ? width: How wide is {S}? What is the width of {S}? What does {S} measure from side to side? How
              broad is the roadway of {S}? / What is the breadth of {S}? How broad is {S} from one side to
              the other?
            ? steel: How much steel does {S} contain? What is the weight of the steel? How much metal was used for
              {S}? What quantity of steel went into {S}? / How heavy is the steel of {S}? How much steel did the
              builders of {S} need? What does all the steel of {S} weigh together? How much steel holds {S} up?
            ? lift: How much does heat raise {S}? By how much does the middle rise on hot days? How far does {S} move
              in summer? What effect in height has warm weather on {S}? / How much higher is the middle of {S} in
              strong sun? By how much does {S} go up when it is hot? How far does the centre climb when the sun is
              strong?
            """,
        ),
        fact(
            "money",
            """
            - The towers cost {cost_towers}, the cables {cost_cables} and the approach roads {cost_roads}.
              At first drivers paid a toll of {toll}.
            - Drivers were charged {toll} for a crossing. {cost_cables} had been spent on the cables,
              {cost_roads} on the roads leading up to {S}, and {cost_towers} on the two towers.
            - For the cables the bill came to {cost_cables}, for the towers to {cost_towers}, for the roads
              on either side to {cost_roads}. Each car had to pay {toll}.
            - {cost_roads} was enough for the approach roads, but the towers devoured {cost_towers} and the
              cables {cost_cables}. The toll was set at {toll}.
            + Of the expenses, {cost_towers} fell to the towers, {cost_cables} to the cables and
              {cost_roads} to the access roads; whoever drove across was asked for {toll}.
            + A single crossing by car used to cost {toll}. The access roads had required {cost_roads}, the
              towers {cost_towers}, the cables {cost_cables}.
            ? cost_towers: How much did the towers cost? What was spent on the towers? What was the price of the
              towers? How expensive were the towers of {S}? / What sum went into the towers? How much money did the
              towers require? What share of the expenses fell to the towers?
            ? cost_cables: How much did the cables cost? What was spent on the cables? What was the price of the
              cables? How expensive were the cables of {S}? / What sum went into the cables? How much money did the
              cables require? What share of the expenses fell to the cables?
            ? cost_roads: How much did the roads leading to {S} cost? What was spent on the approach roads? What was
              the price of the roads on both sides? How expensive were the approaches? / What sum went into the access
              roads? How much money did the roads to {S} require? How much had the access roads required?
            ? toll: How much was the toll? What did drivers pay to cross {S}? What was a car charged? How much did it
              cost to drive over {S}? / What was the fee for using {S}? How much did motorists have to pay? How much
              were those asked for who drove across? How much did a single crossing by car use to cost?
            """,
        ),
        fact(
            "materials",
            """
            - The piers are faced with {part_piers}, the walkway is covered with {part_deck}, the railings
              are of {part_rail}, and the lamp posts of {part_lamps}.
            - For the railings {part_rail} was used and for the lamp posts {part_lamps}; pedestrians walk on
              {part_deck}, while the piers are clad in {part_piers}.
            - One walks on {part_deck} and leans on railings of {part_rail}. The posts of the lamps were
              made from {part_lamps}, the outside of the piers from {part_piers}.
            - The piers are covered with {part_piers}. There is {part_deck} underfoot on the walkway; lamp
              posts of {part_lamps} and railings of {part_rail} complete the picture.
            + The architect chose {part_rail} for the railings, {part_deck} for the footpath, {part_piers}
              for the surface of the piers and {part_lamps} for the lamp posts.
            + The footpath consists of {part_deck}, the surface of the piers of {part_piers}. The lamp posts
              are of {part_lamps} and the railings of {part_rail}.
            ? part_piers: What covers the piers of {S}? Of what material is the outside of the piers? What are the
              piers faced with? Which material was used on the piers? / What was chosen for the piers? What is the
              surface of the piers made of? What did the architect choose for the surface of the piers? Of what does
              the surface of the piers consist?
            ? part_deck: What is the walkway made of? On what material do pedestrians walk? What covers the walkway of
              {S}? Which material is underfoot on {S}? / Of what is the footpath made? What was chosen for the path of
              the walkers? What did the architect choose for the footpath? Of what does the footpath consist?
            ? part_rail: What are the railings made of? Which material was used for the railings? Of what do the
              railings of {S} consist? From what were the railings made? / What was chosen for the railings of {S}?
              What is the material of the railings? What did the architect choose for the railings?
            ? part_lamps: What are the lamp posts made of? Which material was used for the lamp posts? Of what do the
              posts of the lamps consist? From what were the lamp posts made? / What was chosen for the lamp posts?
              What is the material of the posts for the lamps? Which material did the architect choose for the lamp
              posts?
            """,
        ),
        fact(
            "reasons",
            """
            - The site was chosen because {site_reason}. Building came to a halt when it turned out that
              {stop_reason}.
            - Because {stop_reason}, work stopped in the second year. The place itself had been an easy
              choice: {site_reason}.
            - The engineers decided on this spot as {site_reason}. Later the work was interrupted, for
              {stop_reason}.
            - An interruption could not be avoided since {stop_reason}. The location had been selected
              because {site_reason}.
            + What recommended the site was that {site_reason}. No work could be done for a while because
              {stop_reason}.
            + For a time the building site lay idle since {stop_reason}. The reason for building just here
              was that {site_reason}.
            ? site_reason: Why was the site of {S} chosen? Why was {S} built at this spot? What spoke for the
              location? For what reason was that place selected? / What made the place suitable for {S}? Why did they
              build {S} just there? What recommended the site? What was the reason for building {S} just here?
            ? stop_reason: Why was the work interrupted? Why did construction stop? What brought the building to a
              halt? For what reason was there a break in the work? / Why did the building site stand still? What was
              the cause of the interruption? Why could no work be done for a while? Why did the building site lie idle
              for a time?
            """,
        ),
        fact(
            "causes",
            """
            - The unusual colour was picked because {colour_reason}. Once {S} had to be closed because
              {close_reason}.
            - Since {close_reason}, nobody was allowed to cross one spring. As for the colour, it was
              preferred because {colour_reason}.
            - One spring {S} was shut, for {close_reason}. It was given its unusual colour as
              {colour_reason}.
            - The painters were told to use that colour since {colour_reason}. The only closure had a
              strange cause: {close_reason}.
            + The paint has its special shade because {colour_reason}. Traffic was banned one spring, the
              explanation being that {close_reason}.
            + There was a closure in spring because {close_reason}. The choice of colour is explained by the
              fact that {colour_reason}.
            ? colour_reason: Why does {S} have that colour? Why was the unusual colour chosen? What was the reason for
              the colour? For what reason was {S} painted like that? / How is the shade of the paint explained? Why
              was {S} given such a shade? Why does the paint have its special shade? What explains the choice of
              colour?
            ? close_reason: Why was {S} closed? Why could nobody cross {S} one spring? What caused the closure? For
              what reason was {S} shut? / Why was {S} blocked to traffic? What led to the ban on traffic? Why was
              traffic banned one spring? Why was there a closure in spring?
            """,
        ),
        fact(
            "times",
            """
            - Work was interrupted for {stop_time}. A full coat of paint keeps the painters busy for
              {paint_time}, walking across takes {walk_time}, and the only closure lasted {close_time}.
            - {S} was once shut for {close_time}, and its construction stood still for {stop_time}. A walker
              needs {walk_time} to cross; to paint it all takes {paint_time}.
            - It takes {paint_time} to repaint everything and {walk_time} to stroll to the other side.
              During construction there was a pause of {stop_time}, and after it a closure of {close_time}.
            - For {stop_time} nothing was built. Later the traffic was kept off for {close_time}.
              Pedestrians reckon with {walk_time}, painters with {paint_time}.
            + The crew with the brushes is at work for {paint_time} on each new coat. On foot the crossing
              can be done in {walk_time}. A pause in construction went on for {stop_time}, a ban on traffic
              for {close_time}.
            + Building paused for {stop_time}, and traffic was once banned for {close_time}. A person on
              foot is over in {walk_time}; a new coat of paint requires {paint_time}.
            ? stop_time: How long was the work interrupted? For how long did construction stand still? How long did
              the break in the building work last? What was the length of the pause during construction? / For how
              long was there no building? How long did the builders have to wait? How long did a pause in construction
              go on? For how long did building pause?
            ? paint_time: How long does it take to paint {S}? How much time do the painters need? For how long are the
              painters busy? How long does painting everything last? / How much time does a new coat require? How long
              do they work to give {S} fresh paint? How long is the crew with the brushes at work on each new coat?
            ? walk_time: How long does it take to walk across {S}? How much time does a pedestrian need? How long is
              the walk to the other side? In what time can one cross on foot? / How long are people on foot on {S}?
              How quickly can a walker get over {S}? In what time can the crossing be done on foot? After what time is
              a person on foot over?
            ? close_time: How long was {S} closed? For how long was there no traffic on {S}? How long did the closure
              last? What was the duration of the closure? / For how long was {S} blocked? How long were vehicles
              banned from {S}? How long did a ban on traffic go on? For how long was traffic once banned?
            """,
        ),
        fact(
            "figures",
            """
            - {workers} people built {S}, hammering in {rivets} rivets. {lamps} lamps light the way for the
              {cars} vehicles that use it every day.
            - Every day {cars} vehicles cross. At night they are lit by {lamps} lamps. {rivets} rivets hold
              the structure together, and {workers} men and women were needed to build it.
            - The builders numbered {workers}, the rivets {rivets} and the lamps {lamps}. Daily traffic has
              risen to {cars} vehicles.
            - With its {rivets} rivets and {lamps} lamps, {S} occupied {workers} workers. It serves {cars}
              vehicles a day.
            + A workforce of {workers} was on the site. Counting the rivets gives {rivets}, counting the
              lamps {lamps}, and counting the traffic of one day {cars} vehicles.
            + On an average day {cars} cars and trucks pass under {lamps} lamps. {workers} labourers had put
              in {rivets} rivets.
            ? workers: How many people built {S}? How many workers were employed? What was the number of builders? How
              many men and women worked on {S}? / How many labourers took part in building {S}? How large was the
              workforce on the site? How many labourers put in the rivets?
            ? rivets: How many rivets hold {S} together? How many rivets were used? What is the number of rivets? How
              many rivets are there in {S}? / How many rivets did the builders put in? How many rivets does {S} have?
              What number does counting the rivets give?
            ? lamps: How many lamps does {S} have? How many lights are there on {S}? What is the number of lamps? How
              many lamps light {S} at night? / By how many lamps is {S} illuminated? How many lamps shine on {S}? How
              many lamps does one count on {S}? Under how many lamps do cars and trucks pass?
            ? cars: How many vehicles cross {S} each day? What is the daily traffic on {S}? How many
              vehicles use {S} every day? How much traffic does {S} carry daily? / How many cars and trucks
              travel over {S} in a day? What number of vehicles passes every day?
            """,
        ),
        fact(
            "rival",
            """
            - Close by stands {R}, built by {rival_engineer}. It is {rival_length} long and cost only
              {rival_cost}.
            - For comparison, {R} has a length of {rival_length}; {rival_engineer} built it for
              {rival_cost}.
            - {rival_engineer} was the engineer of {R} a little upstream, which measures {rival_length} and
              cost {rival_cost}.
            - The neighbour of {S}, {R}, cost {rival_cost}. It was designed by {rival_engineer} and runs for
              {rival_length}.
            + {R}, the neighbour, stretches for {rival_length}. {rival_engineer} planned it, and the bill
              was {rival_cost}.
            + A little way off, {rival_engineer} had put up {R} for {rival_cost}; it covers {rival_length}.
            ? rival_engineer: Who designed {R}? Who was the engineer of {R}? By whom was {R} planned? Who built {R}? /
              Who was the designer of {R}? Who was responsible for the construction of {R}? Who planned {R}? Who had
              put up {R}?
            ? rival_length: How long is {R}? What is the length of {R}? How far does {R} run? What does {R} measure? /
              What distance does {R} stretch? How far is it from one end of {R} to the other? For what length does {R}
              stretch? What distance does {R} cover?
            ? rival_cost: How much did {R} cost? What was spent on {R}? What was the price of {R}? How expensive was
              {R}? / What sum did {R} require? How much money went into {R}? How large was the bill for {R}? For what
              sum had {R} been put up?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - {foreman} and {diver} are remembered by the workers. The former was foreman on the towers; the
              latter, a diver from {diver_town}, laid the foundations under water.
            - Under water the foundations were laid by {diver}. {diver:she} came from {diver_town} and was a
              friend of {foreman}, the foreman on the towers.
            - The foreman on the towers was {foreman}. {diver} had been brought from {diver_town};
              {diver:she} worked as a diver on the foundations.
            - Two names are carved into a pier: {diver} and {foreman}. The latter led the work on the
              towers. The former had come from {diver_town} to dive and build the foundations.
            + The work on the towers was led by {foreman}. Down in the water it was {diver} who worked on
              the foundations; {diver:her} home was {diver_town}.
            + A song is sung about {foreman} and {diver}. The former drove on the crew of the towers, the
              latter went down as a diver; {diver:she} was a native of {diver_town}.
            ? foreman: Who was the foreman on the towers? Who led the work on the towers? Who was in charge of the
              crew on the towers? Under whom were the towers built? / Who directed the workers on the towers? Who was
              the boss of those who built the towers? By whom was the work on the towers led? Who drove on the crew of
              the towers?
            ? diver: Who worked as a diver? Who laid the foundations under water? Who built the foundations? Which
              diver worked on the foundations? / Who was the diver? Who worked under the surface of the water? Who
              went down as a diver?
            ? diver_town: Where did {diver} come from? From which town was {diver}? What was the home town of {diver}?
              From where had {diver} been brought? / Where was {diver} at home? What town was {diver} a native of?
              Which town was the home of {diver}?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Artists have painted {S} in every kind of weather.
        - On windless evenings its reflection is almost perfect.
        - Guided tours lead up to the top of the southern tower.
        - School classes learn about {S} in their second year.
        - Pigeons nest in the hollow spaces under the road.
        - A model of {S} can be seen in the town hall.
        + Newly married couples like to be photographed on {S}.
        + The view towards the sea is praised in every guidebook.
        + Anglers gather in its shadow on Sundays.
        + A sound like humming can be heard in strong wind.
        """
    ),
)
