"""Passages about a museum, its rooms, donors and history."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Money, Person, Pick, Town, Year, landmark, organisation

MUSEUM = Kind(
    name="museum",
    subject=(
        ("the <stem> Museum", "the museum"),
        ("the <stem> Collection", "the museum"),
        ("the <stem> Gallery", "the gallery"),
    ),
    rival=("the <stem> House", "the <stem> Rooms"),
    slots={
        "town": Town(),
        "street": landmark("{} Street", "{} Square", "{} Hill"),
        "founder": Person(),
        "architect": Person(),
        "director": Person(),
        "guard": Person(),
        "donor_coins": Person(),
        "donor_maps": Person(),
        "donor_dolls": Person(),
        "hall": Pick(AnswerType.OBJECT, "indoor"),
        "cellar": Pick(AnswerType.OBJECT, "indoor"),
        "attic": Pick(AnswerType.OBJECT, "indoor"),
        "yard": Pick(AnswerType.OBJECT, "outdoor"),
        "year_open": Year(1850, 1930),
        "year_wing": Year(8, 30, after="year_open"),
        "year_fire": Year(3, 25, after="year_wing"),
        "year_again": Year(1, 5, after="year_fire"),
        "owner": organisation("the {} Foundation", "the {} Trust"),
        "partner": organisation("the {} Institute", "the {} Academy"),
        "insurer": organisation("{} Insurance", "the {} Assurance Company"),
        "friends": organisation("the {} Circle", "the {} Society"),
        "free_reason": Pick(AnswerType.REASON, "free"),
        "dark_reason": Pick(AnswerType.REASON, "dark"),
        "door_reason": Pick(AnswerType.REASON, "door"),
        "shut_reason": Pick(AnswerType.REASON, "shut"),
        "ticket": Money(2, 25, 1),
        "roof": Money(110_000, 900_000, 10_000),
        "budget": Money(1_000_000, 9_000_000, 100_000),
        "purchase": Money(12_000, 90_000, 1_000),
        "visitors": Amount(20_000, 400_000, 1_000),
        "objects": Amount(1_500, 19_000, 50),
        "staff": Amount(14, 80),
        "helpers": Amount(81, 300),
        "tour": Duration("minutes", 25, 95),
        "loan": Duration("months", 3, 12),
        "term": Duration("years", 2, 8),
        "repair": Duration("weeks", 4, 20),
        "rival_founder": Person(),
        "rival_town": Town(),
        "rival_year": Year(1850, 1990),
        "curator_art": Person(),
        "curator_tools": Person(),
        "curator_town": Town(),
    },
    pools={
        "indoor": pool(
            """a steam organ | a stuffed polar bear | a Roman mosaic | a model of the solar system | a whale
            jaw | a printing press | a prison door | a suit of armour | a painted sleigh | a wooden
            calculating machine""",
            """a mammoth tusk | a carousel horse | a tapestry of a hunt | a medieval crossbow | a glass
            beehive""",
        ),
        "outdoor": pool(
            """a fire engine | a stone lion | a diving bell | a royal carriage | a steam plough | a railway
            signal""",
            """a church bell | a lifeboat | an anti-aircraft searchlight""",
        ),
        "free": pool(
            """the founder had wished it so | a lottery covers the costs | the ticket machine could not be
            repaired | nobody came on that day otherwise | a bakery sponsors it""",
            """a judge had ordered it | the buses are free on that day as well | an old law demands it""",
        ),
        "dark": pool(
            """daylight fades the fabrics | the windows were walled up in wartime | the fuses are too old | a
            family of bats lives under the ceiling | the varnish reacts to light""",
            """strong lamps would crack the wax | the dyes of the carpets are fragile | an owl breeds behind the
            panelling""",
        ),
        "door": pool(
            """the key of the front gate was lost | the stairs had been worn down | a tram stop was moved to the
            back | the porch was full of wasps | the old porter could not climb steps""",
            """the square in front was turned into a market | the hinges had rusted | a lime tree blocked the
            portal""",
        ),
        "shut": pool(
            """the floor is waxed on that day | most of the staff sing in a choir | the guards have to practise
            with the alarm | the town holds its cattle market then | the pipes are flushed once a week""",
            """school groups had caused too much damage | the heating is switched off then | the neighbours had
            asked for one quiet day""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} in {town} was founded by {founder}. Its home is a former [brewery|monastery|railway
              station|mill] on {street}.
            - {founder} created {S}, which stands on {street} in {town}.
            - In {town}, on {street}, stands {S}. It owes its existence to {founder}.
            - {S} is one of the sights of {town}. {founder} established it in an old
              [warehouse|barracks|school] on {street}.
            + {town} is the seat of {S}; its address is {street}, and the person who set it up was
              {founder}.
            + It was {founder} who started {S}. Visitors to {town} find it on {street}.
            ? town: In which town is {S}? Where is {S} located? In what town can {S} be visited? What is the home town
              of {S}? / To which town must one go to see {S}? Which town has {S} among its sights? Which town is the
              seat of {S}? In which town do visitors find {S}?
            ? founder: Who founded {S}? Who established {S}? By whom was {S} created? Who was the founder of {S}? /
              Who set up {S}? Thanks to whom does {S} exist? Which person set {S} up? Who started {S}?
            ? street: What is the address of {S}? Where in the town does {S} stand? At what place in the town is {S}
              situated? Where in town is the home of {S}? / Where in town do visitors find {S}? Which part of town do
              people have to look for to find {S}? On which street do visitors find {S}?
            """,
            opening=True,
        ),
        fact(
            "rooms",
            """
            - In the entrance hall stands {hall}, in the cellar {cellar}, and under the roof {attic}. The
              courtyard is occupied by {yard}.
            - Whoever crosses the courtyard passes {yard}. The tour begins in the entrance hall with {hall},
              continues to the attic with {attic} and ends in the cellar, where {cellar} is shown.
            - The cellar houses {cellar}, the attic {attic}. Visitors are welcomed in the entrance hall by
              {hall}, and children like to climb on {yard} in the courtyard.
            - Upstairs in the attic {attic} can be admired. {yard} is to be found outside in the courtyard,
              {cellar} below ground in the cellar and {hall} in the hall by the entrance.
            + Beside the cash desk in the entrance hall one sees {hall}. {attic} takes up the attic;
              {cellar} had to be put in the cellar, and {yard} in the open air of the courtyard.
            + The courtyard boasts {yard} and the entrance hall {hall}. Those who go down to the cellar
              discover {cellar}, those who go up to the attic {attic}.
            ? hall: What stands in the entrance hall? What is shown in the hall by the entrance? What do visitors see
              first in {S}? What greets visitors of {S}? / Which object is beside the cash desk? What is on view near
              the entrance of {S}? What does one see in the entrance hall of {S}?
            ? cellar: What is in the cellar? What can be seen below ground? Which object is shown in the cellar of
              {S}? What is kept in the basement? / What is exhibited underground? Which exhibit do visitors of {S}
              find downstairs? What had to be put in the cellar? What do those discover who go down to the cellar?
            ? attic: What is shown in the attic? What stands under the roof? Which object is at the top of {S}? What
              can be seen in the attic of {S}? / What is exhibited right under the roof? Which exhibit is at the very
              top? What takes up the attic? What do those discover who go up to the attic?
            ? yard: What stands in the courtyard? What is shown in the courtyard of {S}? Which object is outdoors?
              What is to be seen outside? / Which exhibit is in the open air? What does one find in the yard of {S}?
              What does the courtyard of {S} boast?
            """,
        ),
        fact(
            "donors",
            """
            - {donor_coins} gave the coins, {donor_maps} the maps and {donor_dolls} the dolls.
            - The maps were a present from {donor_maps}. {donor_dolls} contributed a collection of dolls,
              and {donor_coins} parted with thousands of coins.
            - Three donors enriched {S}: {donor_dolls}, who collected dolls, {donor_maps}, who owned rare
              maps, and {donor_coins}, who brought coins.
            - The collection of coins comes from {donor_coins}, that of dolls from {donor_dolls}, that of
              maps from {donor_maps}.
            + Thanks to {donor_maps} {S} has maps, thanks to {donor_coins} coins and thanks to {donor_dolls}
              dolls.
            + The dolls used to belong to {donor_dolls}, the coins to {donor_coins}. {donor_maps} handed
              over the maps.
            ? donor_coins: Who gave the coins to {S}? From whom do the coins come? Who donated coins? Whose collection
              of coins went to {S}? / Who presented {S} with its coins? To whom did the coins once belong? Thanks to
              whom does {S} have coins?
            ? donor_maps: Who gave the maps to {S}? From whom do the maps come? Who donated maps? Whose collection of
              maps went to {S}? / Who presented {S} with its maps? To whom did the maps once belong? Who handed over
              the maps to {S}?
            ? donor_dolls: Who gave the dolls to {S}? From whom do the dolls come? Who donated dolls? Whose collection
              of dolls went to {S}? / Who presented {S} with its dolls? To whom did the dolls once belong? Thanks to
              whom does {S} have dolls?
            """,
        ),
        fact(
            "people",
            """
            - The extension was designed by {architect}. {director} is the present director, and {guard}, a
              night guard, became known for catching a thief.
            - At the moment {director} is at the head of {S}. A burglar was caught by {guard} of the night
              watch; the plans of the new wing were drawn by {architect}.
            - {guard} surprised a thief one night and was praised for it by {director}, who runs {S} today.
              The extension is the work of {architect}.
            - {architect} planned the additional wing. The leadership now rests with {director}, while
              {guard} is famous for having stopped a burglar.
            + {director} has the direction today. The shape of the new wing goes back to {architect}, and
              the arrest of a burglar to the courage of {guard}.
            + The burglar had not reckoned with {guard}. For the annexe {architect} made the drawings; the
              office of director is held by {director}.
            ? architect: Who designed the extension of {S}? Who was the architect of the new wing? Who drew the plans
              for the extension? By whom was the new wing planned? / Who is responsible for the form of the new wing?
              Who was the designer of the additional building? To whom does the shape of the new wing go back? Who
              made the drawings for the annexe?
            ? director: Who is the director of {S}? Who runs {S} today? Who leads {S} at the moment? Who is in charge
              of {S}? / Who heads {S} now? Under whose direction is {S} at present? Who has the direction of {S}
              today? By whom is the office of director held?
            ? guard: Who caught the thief? Who stopped the burglar? Which guard became famous? By whom was the thief
              caught? / Who arrested the burglar? Who kept the thief from getting away? To whose courage does the
              arrest of a burglar go back? With whom had the burglar not reckoned?
            """,
        ),
        fact(
            "years",
            """
            - {S} opened its doors in {year_open}, got a new wing in {year_wing}, burned down in {year_fire}
              and reopened in {year_again}.
            - The new wing was added in {year_wing}. A fire destroyed most of the building in {year_fire};
              the public, first admitted in {year_open}, could come back in {year_again}.
            - Fire broke out in {year_fire}, and the reopening took place in {year_again}. The opening goes
              back to {year_open}, the extension to {year_wing}.
            - The first visitors came in {year_open}. An additional wing was ready in {year_wing}; after the
              blaze of {year_fire} everything was rebuilt by {year_again}.
            + {year_open} was the year of the opening and {year_wing} that of the enlargement. Flames ruined
              everything in {year_fire}. Since {year_again} one can go in again.
            + The house was enlarged in {year_wing} and lost to flames in {year_fire}. It had been
              inaugurated in {year_open} and was inaugurated a second time in {year_again}.
            ? year_open: When did {S} open? In what year was {S} opened? When did the first visitors come to {S}? In
              which year did {S} first admit the public? / When was {S} inaugurated? In which year could people enter
              {S} for the first time? Which year was the year of the opening? In which year had {S} been inaugurated?
            ? year_wing: When was {S} extended? In what year was the new wing built? When did {S} get a new wing? In
              which year was the extension added? / When was {S} made larger? In which year was {S} enlarged? Which
              year was that of the enlargement?
            ? year_fire: When did {S} burn down? In what year was the fire? When was {S} destroyed by fire? In which
              year did the building burn? / When did flames ruin {S}? In which year did {S} fall victim to a fire?
              When was everything ruined by flames?
            ? year_again: When did {S} reopen? In what year was {S} opened again? When could visitors come back? In
              which year was the reopening? / When could people visit {S} again? In which year did {S} receive people
              again after the fire? Since which year can one go in again? When was {S} inaugurated a second time?
            """,
        ),
        fact(
            "bodies",
            """
            - {S} belongs to {owner} and cooperates with {partner}. It is insured by {insurer}; {friends} is
              its circle of friends.
            - The owner is {owner}, the scientific partner {partner}. Policies are signed with {insurer},
              and those who love the house join {friends}.
            - Research is done together with {partner}. {friends} unites the supporters, {insurer} covers
              any damage, and the property is held by {owner}.
            - {insurer} would pay in case of damage. Supporters have formed {friends}. The property of
              {owner}, {S} carries out research with {partner}.
            + {owner} is the proprietor of {S}, {partner} its ally in research. Fans of the house meet as
              {friends}; losses would be made good by {insurer}.
            + In research {S} has joined forces with {partner}. Its proprietor is called {owner}, its
              insurance company {insurer}, and its club of admirers {friends}.
            ? owner: Who owns {S}? To whom does {S} belong? Which organisation is the owner of {S}? Whose
              property is {S}? / Who is the proprietor of {S}? In whose possession is {S}?
            ? partner: With whom does {S} cooperate? Which institution does research with {S}? Who is the scientific
              partner of {S}? Who works together with {S}? / Who helps {S} with research? Which institution is allied
              with {S} in science? Which institution is the ally of {S} in research? With whom has {S} joined forces
              in research?
            ? insurer: Who insures {S}? Which company covers damage? With whom is {S} insured? Who would pay if
              something were damaged? / Who would make good a loss? At which company does {S} have its insurance? What
              is the insurance company of {S} called?
            ? friends: What is the circle of friends of {S} called? Which group unites the supporters of {S}? What do
              supporters of {S} join? Which association supports {S}? / In which club do admirers of {S} meet? What is
              the name of the group of fans? As what do fans of the house meet?
            """,
        ),
        fact(
            "reasons",
            """
            - Admission is free on the first Sunday of the month because {free_reason}. The textile room is
              kept dark because {dark_reason}.
            - Since {dark_reason}, there is hardly any light in the textile room. On the first Sunday of the
              month nobody pays, as {free_reason}.
            - The room with the textiles is dim, for {dark_reason}. Once a month entry costs nothing because
              {free_reason}.
            - Because {free_reason}, no tickets are sold on one Sunday a month. There is a simple reason for
              the darkness among the textiles: {dark_reason}.
            + One Sunday a month people get in without paying since {free_reason}. The lights are low where
              the textiles hang because {dark_reason}.
            + Textiles are shown in near darkness because {dark_reason}. What explains the free Sunday is
              that {free_reason}.
            ? free_reason: Why is admission free on one Sunday? Why does nobody pay on the first Sunday of
              the month? For what reason is {S} free once a month? Why are no tickets sold on that Sunday? /
              How is the free Sunday explained? Why can people enter {S} for nothing on one day?
            ? dark_reason: Why is the textile room dark? Why is there so little light in the room with the textiles?
              For what reason is one room kept dim? What is the reason for the darkness? / Why are the lights low in
              one room? What is the explanation for the lack of light? Why are textiles shown in near darkness?
            """,
        ),
        fact(
            "causes",
            """
            - Visitors enter from the side because {door_reason}. {S} is closed on Thursdays because
              {shut_reason}.
            - On Thursdays nobody is let in since {shut_reason}. The main entrance was moved to the side
              because {door_reason}.
            - As {door_reason}, one goes in by a side door. That the house stays shut on Thursdays is easily
              explained: {shut_reason}.
            - Because {shut_reason}, there are no opening hours on Thursdays. The side entrance came into
              use when {door_reason}.
            + Thursday is the day of rest, for {shut_reason}. The front entrance was abandoned because
              {door_reason}.
            + The way in is now at the side since {door_reason}. One will stand before a locked house on a
              Thursday because {shut_reason}.
            ? door_reason: Why do visitors enter from the side? Why was the main entrance moved? For what reason is a
              side door used? Why did the entrance change? / Why does nobody use the front entrance? What led to the
              new entrance? Why is the way in now at the side? Why was the front entrance abandoned?
            ? shut_reason: Why is {S} closed on Thursdays? For what reason is {S} shut one day a week? Why can nobody
              visit {S} on Thursdays? Why are there no opening hours on Thursdays? / What is the reason for the closed
              day? Why are the doors of {S} locked on Thursdays? Why is Thursday the day of rest?
            """,
        ),
        fact(
            "money",
            """
            - A ticket costs {ticket}. The annual budget is {budget}; the new roof swallowed {roof}, and
              {purchase} was the highest price ever paid for an exhibit.
            - {S} spends {budget} a year. It once gave {purchase} for a single object, had to find {roof}
              for a new roof and takes {ticket} from every adult.
            - For the repair of the roof {roof} was needed. Adults pay {ticket}; the dearest purchase cost
              {purchase}, and the budget for a year amounts to {budget}.
            - No exhibit was more expensive than one bought for {purchase}. The yearly costs run to
              {budget}, the roof alone required {roof}, and admission is {ticket}.
            + Adults are charged {ticket} at the door. {budget} has to be found every year, {roof} had to be
              found for the roof, and {purchase} was laid out for the costliest piece.
            + The costliest piece was acquired for {purchase}. Getting in takes {ticket}, running the house
              {budget} a year; fixing the roof took {roof}.
            ? ticket: How much is a ticket? What does admission cost? What do adults pay for {S}? What is the price of
              a ticket? / How much does it cost to get into {S}? What are adults charged? How much does getting in
              take?
            ? budget: What is the annual budget of {S}? How much does {S} spend a year? How high are the yearly costs?
              How large is the budget? / How much money does {S} need every year? What does running {S} cost in a
              year? What sum has to be found every year? How much does running the house take a year?
            ? roof: How much did the new roof cost? What was spent on the roof? How expensive was the roof? What sum
              was needed for the roof? / How much money went into the roof? What did {S} have to pay for fixing the
              roof? How much had to be found for the roof?
            ? purchase: What was the highest price paid for an exhibit? How much did the most expensive object cost?
              What did {S} pay for its dearest purchase? What was the largest sum given for one object? / How much was
              laid out for the costliest piece? What did the most valuable acquisition cost? What was laid out for the
              costliest piece?
            """,
        ),
        fact(
            "figures",
            """
            - {visitors} people come every year to see {objects} objects. {staff} employees and {helpers}
              volunteers look after them.
            - With {staff} employees and {helpers} volunteers, {S} receives {visitors} visitors a year. It
              owns {objects} objects.
            - The inventory lists {objects} objects. There are {visitors} visitors in an average year,
              {staff} people on the payroll and {helpers} who help without pay.
            - {helpers} unpaid helpers support the {staff} members of staff. Attendance has reached
              {visitors} a year; the collection comprises {objects} objects.
            + The staff numbers {staff}, the unpaid helpers {helpers}, the guests of one year {visitors} and
              the things in the collection {objects}.
            + Each year {visitors} guests look at some of the {objects} items in the collection. The house
              has {staff} paid workers and relies on {helpers} unpaid ones.
            ? visitors: How many people visit {S} each year? How many visitors does {S} have? What is the annual
              attendance? How many people come to {S} in a year? / How many guests does {S} receive per year? How
              large is the yearly public of {S}? How many guests look at the collection each year?
            ? objects: How many objects does {S} own? How large is the collection? How many objects are in {S}? What
              is the number of objects? / How many items belong to {S}? How many things does the collection contain?
              How many items are in the collection?
            ? staff: How many employees does {S} have? How many people work for {S} for pay? What is the number of
              employees? How large is the staff? / How many persons are paid by {S}? How many members has the staff?
              How many paid workers does {S} have? How many does the staff of {S} number?
            ? helpers: How many volunteers does {S} have? How many people help without pay? What is the number of
              volunteers? How many unpaid helpers are there? / How many persons work for {S} for nothing? How many
              helpers get no money? On how many unpaid helpers does {S} rely?
            """,
        ),
        fact(
            "times",
            """
            - A guided tour takes {tour}. Exhibits are lent for {loan} at most, a director is appointed for
              {term}, and restoring a picture requires {repair} on average.
            - On average the workshop spends {repair} on a damaged picture. Loans are limited to {loan},
              tours to {tour}. The director is chosen for a term of {term}.
            - The director of {S} is elected for {term}. Tours last {tour}; other houses may keep a borrowed
              exhibit for {loan}, and a picture stays in the workshop for {repair}.
            - Other museums can borrow an object for {loan}. A tour is over in {tour}, a restoration in
              {repair}. For {term} a director holds the office.
            + A director may stay in office for {term}. Guides need {tour} for a round, the restorers
              {repair} for a picture. Nobody may keep what is borrowed longer than {loan}.
            + Restorers work on a picture for {repair}, guides talk for {tour}, and borrowers have to give
              things back after {loan}. The contract of the director runs for {term}.
            ? tour: How long is a guided tour? How much time does a tour take? What is the length of a tour?
              For how long does a tour of {S} last? / How long do the guides talk? How much time should one
              plan for a round with a guide?
            ? loan: For how long can exhibits be borrowed? How long are objects lent? What is the longest period of a
              loan? How long may other museums keep an object? / After what time must a borrowed exhibit come back?
              For what period does {S} lend its things? How long may what is borrowed be kept? After what time do
              borrowers have to give things back?
            ? term: For how long is a director appointed? How long is the term of the director? For how long is the
              director of {S} elected? How long does a director hold the office? / How long may a director stay in
              office? How long is the contract of the director? For how long may a director stay in office?
            ? repair: How long does it take to restore a picture? How much time does a restoration require? For how
              long is a picture in the workshop? How long does the workshop need for a picture? / How much time do
              restorers spend on one picture? For what period do they work on a damaged picture? How long do restorers
              work on a picture?
            """,
        ),
        fact(
            "rival",
            """
            - A similar place, {R} in {rival_town}, was opened by {rival_founder} in {rival_year}.
            - {rival_founder} followed the example with {R}, which has existed in {rival_town} since
              {rival_year}.
            - In {rival_year} {rival_founder} opened {R} in {rival_town} with much the same idea.
            - Comparable things can be seen at {R} in {rival_town}, founded in {rival_year} by
              {rival_founder}.
            + {R} resembles it closely. This house in {rival_town} was the creation of {rival_founder} and
              dates from {rival_year}.
            + {rival_town} has something similar in {R}, for which {rival_founder} found the money in
              {rival_year}.
            ? rival_founder: Who founded {R}? Who opened {R}? By whom was {R} created? Who was the founder of {R}? /
              Who set up {R}? Thanks to whom does {R} exist? Whose creation was {R}? Who found the money for {R}?
            ? rival_town: In which town is {R}? Where is {R} located? In what town can {R} be visited? Where does one
              find {R}? / To which town must one go to see {R}? Which town has {R} among its sights? In which town is
              the house of {R}? Which town has something similar in {R}?
            ? rival_year: When did {R} open? In what year was {R} founded? Since when has {R} existed? In which year
              was {R} established? / When was {R} inaugurated? From which year does {R} date? In which year was the
              money for {R} found?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - The pictures are looked after by {curator_art} and the tools by {curator_tools}. The latter
              learned {curator_tools:her} trade in {curator_town}.
            - {curator_art} and {curator_tools} work there as curators: the former for the pictures, the
              latter for the tools. {curator_tools:last} was trained in {curator_town}.
            - As curator of the tools {S} employs {curator_tools}, who was trained in {curator_town}.
              {curator_art} is curator of the pictures.
            - {curator_tools} studied in {curator_town}. Today {curator_tools:she} is responsible for the
              tools of {S}, just as {curator_art} is for the pictures.
            + The care of the pictures has been entrusted to {curator_art}. {curator_tools} has charge of
              the tools; {curator_tools:she} was a student in {curator_town}.
            + Two curators share the work. {curator_tools}, who had {curator_tools:her} training in
              {curator_town}, deals with tools and {curator_art} with pictures.
            ? curator_art: Who looks after the pictures? Who is responsible for the pictures of {S}? Who is the
              curator of the pictures? Which curator works with pictures? / Who takes care of the pictures? To whom
              have the pictures been entrusted? Who deals with pictures? To whom has the care of the pictures been
              entrusted?
            ? curator_tools: Who looks after the tools? Who is responsible for the tools of {S}? Who is the curator of
              the tools? Which curator works with tools? / Who takes care of the tools? To whom have the tools been
              entrusted? Who has charge of the tools? Who deals with tools?
            ? curator_town: Where was {curator_tools} trained? In which town did {curator_tools} study? Where did
              {curator_tools} learn the trade? In what town was {curator_tools} trained? / Where was {curator_tools} a
              student? Where did {curator_tools} get an education? Where did {curator_tools} have the training?
            """,
        ),
    ),
    fillers=wordings(
        """
        - The creaking of the floorboards is part of the charm.
        - Critics have called the labels the best in the country.
        - A small café serves cake baked by retired teachers.
        - Children receive a magnifying glass at the door.
        - Nothing in {S} is arranged by date.
        - The catalogue is still written on cards.
        + The lift is so slow that most people take the stairs.
        + Poems about {S} have been printed on its napkins.
        + In summer concerts are held between the showcases.
        + Photographs may be taken without a flash.
        """
    ),
)
