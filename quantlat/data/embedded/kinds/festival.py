"""Passages about a town festival, its programme, food and history."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Money, Person, Pick, Town, Year, landmark, organisation

_BANDS = ("the {} Quartet", "the {} Choir", "the {} Orchestra", "the {} Trio", "the {} Brass Band")

FESTIVAL = Kind(
    name="festival",
    subject=(
        ("the <stem> Festival", "the festival"),
        ("the <stem> Fair", "the fair"),
        ("the <stem> Carnival", "the carnival"),
        ("the <stem> Lantern Festival", "the festival"),
    ),
    slots={
        "town": Town(),
        "founder": Person(),
        "speaker": Person(),
        "painter": Person(),
        "cook": Person(),
        "band_friday": organisation(*_BANDS),
        "band_saturday": organisation(*_BANDS),
        "band_sunday": organisation(*_BANDS),
        "sponsor": organisation("the {} Bank", "the {} Brewery", "{} Motors"),
        "stage": landmark("{} Square", "{} Park", "{} Meadow"),
        "market": landmark("{} Street", "{} Lane"),
        "fireworks": landmark("{} Hill", "{} Lake", "{} Castle"),
        "food_breakfast": Pick(AnswerType.ITEM, "foods"),
        "food_contest": Pick(AnswerType.ITEM, "foods"),
        "food_banned": Pick(AnswerType.ITEM, "foods"),
        "food_children": Pick(AnswerType.ITEM, "foods"),
        "thing_burned": Pick(AnswerType.OBJECT, "burned"),
        "thing_carried": Pick(AnswerType.OBJECT, "carried"),
        "thing_won": Pick(AnswerType.OBJECT, "won"),
        "thing_worn": Pick(AnswerType.OBJECT, "worn"),
        "year_first": Year(1850, 1930),
        "year_parade": Year(3, 20, after="year_first"),
        "year_break": Year(3, 20, after="year_parade"),
        "year_record": Year(15, 50, after="year_break"),
        "visitors": Amount(15_000, 200_000, 1_000),
        "stalls": Amount(110, 480, 5),
        "lanterns": Amount(1_000, 9_000, 50),
        "helpers": Amount(510, 990, 10),
        "ticket": Money(3, 40, 1),
        "cost": Money(100_000, 900_000, 10_000),
        "donation": Money(10_000, 90_000, 1_000),
        "stall_fee": Money(60, 400, 5),
        "length": Duration("days", 3, 14),
        "parade_time": Duration("hours", 2, 9),
        "show_time": Duration("minutes", 12, 50),
        "prepare": Duration("months", 3, 10),
        "cancel_reason": Pick(AnswerType.REASON, "cancel"),
        "month_reason": Pick(AnswerType.REASON, "month"),
        "silent_reason": Pick(AnswerType.REASON, "silent"),
        "move_reason": Pick(AnswerType.REASON, "move"),
        "chair": Person(),
        "treasurer": Person(),
        "treasurer_town": Town(),
    },
    pools={
        "foods": pool(
            """grilled sardines | plum dumplings | garlic soup | roasted chestnuts | honey cake | stuffed peppers |
            potato pancakes | cheese pies | fried squid | ginger biscuits | smoked eel | lentil stew""",
            """apple fritters | lamb skewers | pumpkin bread | pickled herring | almond pastries | mushroom
            risotto | corn soup""",
        ),
        "burned": pool(
            """a straw dragon | a paper ship | a wooden tower | a rag doll | a barrel of tar""",
            """a wicker bull | a papier-mâché moon | a cardboard castle""",
        ),
        "carried": pool(
            """a gilded drum | a painted fish | a bell without a clapper | a banner of silk | a wheel of
            candles""",
            """a giant key | a throne of reeds | an empty cradle""",
        ),
        "won": pool(
            """a copper kettle | a live goose | a pair of boots | a sack of flour | a silver whistle""",
            """a pewter plate | a spinning wheel | a leather belt""",
        ),
        "worn": pool(
            """a feathered hat | a green ribbon | a crown of thistles | a cloak of rabbit fur | a necklace
            of snail shells""",
            """a scarlet sash | a garland of corn | an amber brooch""",
        ),
        "cancel": pool(
            """the river had burst its banks | a measles epidemic was raging | the main stage had been struck by
            lightning | the organisers were in court | there was a shortage of coal""",
            """locusts had eaten the gardens | the bridges were being rebuilt | the town was in mourning for its
            doctor""",
        ),
        "month": pool(
            """the fishing fleet is home then | the plums are ripe at that time | the hotels stand empty otherwise |
            the founder had been born in that month | the evenings are still warm""",
            """the shearing is over by then | the students have not left yet | the wind never blows then""",
        ),
        "silent": pool(
            """a bell ringer fell from the tower at that hour | the storks must not be disturbed | a truce was
            signed at that moment | the hospital asked for it long ago""",
            """an earthquake once began at noon | the nuns pray at that time | a famous singer lost her voice
            then""",
        ),
        "move": pool(
            """the old square had become too small | the neighbours had gone to court | the ground was
            contaminated with oil | a department store was built on the site | the pavement could not bear the
            trucks""",
            """a rare orchid was found there | the tram lines were in the way | the old place was always flooded
            in spring""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} takes place every year in {town}. The idea came from {founder}.
            - Once a year {town} celebrates {S}, which was founded by {founder}.
            - {founder} started {S}, the largest annual event in {town}.
            - Every year {S} fills the streets of {town}. Its founder was {founder}.
            + {town} is known for {S}, a yearly event that goes back to {founder}.
            + {S} is a creation of {founder}. People come to {town} for it year after year.
            ? town: Where does {S} take place? In which town is {S} held? Which town celebrates {S}? Where is {S} held
              every year? / Which town is known for {S}? To which town do people travel for {S}? Where do people come
              for {S} year after year?
            ? founder: Who founded {S}? Who had the idea for {S}? Who started {S}? By whom was {S} founded? / To whom
              does {S} go back? Who created {S}? Whose creation is {S}?
            """,
            opening=True,
        ),
        fact(
            "people",
            """
            - The opening speech is given by {speaker}, the poster was painted by {painter}, and {cook} is
              in charge of the kitchen.
            - {painter} designed the poster. In the kitchen tent {cook} gives the orders; {speaker} opens
              {S} with a speech.
            - {cook} runs the great kitchen. The words of welcome are spoken by {speaker}, and the picture
              on the poster is by {painter}.
            - Each year {speaker} makes the opening speech. The poster is the work of {painter}; all meals
              are prepared under {cook}.
            + The artist behind the poster is {painter}. The guests are welcomed by {speaker} and fed by
              {cook}.
            + {speaker} welcomes the guests with an address. Their meals are the responsibility of {cook},
              and the poster that attracted them was drawn by {painter}.
            ? speaker: Who gives the opening speech? Who opens {S}? Who speaks at the opening of {S}? By
              whom is the opening speech made? / Who welcomes the guests of {S}? Whose words are heard at
              the opening?
            ? painter: Who painted the poster? Who designed the poster of {S}? Who made the picture on the poster? By
              whom is the poster? / Which artist drew the poster? Who is the artist behind the poster? By whom was the
              poster drawn?
            ? cook: Who is in charge of the kitchen? Who runs the kitchen of {S}? Who is the chief cook of {S}? Under
              whom are the meals prepared? / Who is responsible for the meals? Who feeds the guests of {S}? By whom
              are the guests fed?
            """,
        ),
        fact(
            "programme",
            """
            - {band_friday} plays on Friday evening, {band_saturday} on Saturday and {band_sunday} at the
              close on Sunday. The main sponsor is {sponsor}.
            - On Saturday {band_saturday} performs. Friday belongs to {band_friday}, Sunday to
              {band_sunday}; the bill is largely paid by {sponsor}.
            - {sponsor} is the principal sponsor. The concert on Sunday is given by {band_sunday}, the one
              on Friday by {band_friday} and the one on Saturday by {band_saturday}.
            - The music begins on Friday with {band_friday} and ends on Sunday with {band_sunday}. In
              between, {band_saturday} has the stage on Saturday. Financial help comes from {sponsor}.
            + Friday night brings {band_friday} to the stage, Saturday night {band_saturday} and Sunday
              night {band_sunday}. Most of the money is provided by {sponsor}.
            + With money from {sponsor}, musicians are invited for three nights: {band_sunday} for Sunday,
              {band_saturday} for Saturday, {band_friday} for Friday.
            ? band_friday: Who plays on Friday? Which group performs on Friday? Who gives the concert on
              Friday? With whom does the music begin on Friday? / Which musicians are on stage on Friday
              night? Who can be heard on Friday?
            ? band_saturday: Who plays on Saturday? Which group performs on Saturday? Who gives the concert
              on Saturday? Who has the stage on Saturday? / Which musicians are on stage on Saturday night?
              Who can be heard on Saturday?
            ? band_sunday: Who plays on Sunday? Which group performs on Sunday? Who gives the concert on
              Sunday? With whom does the music end on Sunday? / Which musicians are on stage on Sunday
              night? Who can be heard on Sunday?
            ? sponsor: Who is the main sponsor of {S}? Which firm sponsors {S}? Who pays most of the bill?
              From whom does {S} get financial help? / Who provides most of the money for {S}? Which company
              supports {S}?
            """,
        ),
        fact(
            "sites",
            """
            - The stage is put up in {stage}, the market is held in {market}, and the fireworks are lit at
              {fireworks}.
            - One can watch the fireworks at {fireworks}. Traders set up their stalls in {market}, and
              concerts are given in {stage}.
            - {market} is full of stalls; {stage} is where the concerts take place. At {fireworks} there are
              fireworks on the last night.
            - For the concerts everybody goes to {stage}, for the market to {market}. The last night ends
              with fireworks at {fireworks}.
            + Music can be heard in {stage}, goods can be bought in {market}, and rockets rise into the sky
              above {fireworks}.
            + Rockets light up the sky over {fireworks}. The musicians perform in {stage}, while things are
              bought and sold in {market}.
            ? stage: Where is the stage? Where are the concerts? Where do the concerts of {S} take place? In
              what place is the stage put up? / Where can music be heard during {S}? Where do the musicians
              perform?
            ? market: Where is the market? Where are the stalls of {S}? In what place is the market held?
              Where do traders set up their stalls? / Where can goods be bought during {S}? Where do people
              buy and sell things?
            ? fireworks: Where are the fireworks? Where are the fireworks lit? At what place can one watch
              the fireworks? Where does {S} have its fireworks? / Above what place do rockets rise? Where is
              the sky lit up by rockets?
            """,
        ),
        fact(
            "foods",
            """
            - Breakfast consists of {food_breakfast}. There is a contest in eating {food_contest}, children
              get {food_children} free of charge, and {food_banned} may not be sold.
            - Children are given {food_children} for nothing. {food_banned} may not be sold at all; whoever
              eats the most {food_contest} wins the contest, and in the mornings everyone has
              {food_breakfast}.
            - A contest is held in eating {food_contest}. The morning starts with {food_breakfast}, the sale
              of {food_banned} is forbidden, and children receive {food_children} without paying.
            - By an old rule nobody may sell {food_banned}. Breakfast is always {food_breakfast}; the eaters
              compete over {food_contest}, and the young are given {food_children} for nothing.
            + It is against the rules to sell {food_banned}. In the morning one eats {food_breakfast}, in
              the competition {food_contest}; the little ones receive {food_children} as a present.
            + The little ones do not have to pay for {food_children}. The dish of the morning is
              {food_breakfast}, that of the eating competition {food_contest}, and that which no stall may
              offer {food_banned}.
            ? food_breakfast: What is eaten for breakfast? What is there for breakfast at {S}? With what
              does the morning start? What does breakfast consist of? / What do people eat in the morning?
              What is the breakfast dish of {S}?
            ? food_contest: What is eaten in the contest? In eating what is there a contest? What do the
              eaters compete over? What must one eat to win the contest? / Which dish belongs to the eating
              competition? What do people eat in the competition?
            ? food_banned: What may not be sold? Which food is forbidden at {S}? What is nobody allowed to
              sell? What does an old rule forbid people to sell? / What is it against the rules to sell?
              Which dish may no stall offer?
            ? food_children: What do children get for free? What is given to children? Which food is free
              for the young? What do children receive without paying? / What do the little ones get as a
              present? For what do children not have to pay?
            """,
        ),
        fact(
            "things",
            """
            - In the parade {thing_carried} is carried through the streets. On the last night {thing_burned}
              is set on fire; the queen of {S} wears {thing_worn}, and the fastest runner wins {thing_won}.
            - The fastest runner takes home {thing_won}. One recognises the queen by {thing_worn}. The
              parade is led by people carrying {thing_carried}, and everything ends with the burning of
              {thing_burned}.
            - {thing_burned} goes up in flames on the last night. {thing_won} is the prize in the race,
              {thing_carried} is carried at the head of the parade, and the queen is dressed in
              {thing_worn}.
            - The queen wears {thing_worn}, the winner of the race receives {thing_won}, the parade follows
              {thing_carried}, and a crowd watches how {thing_burned} is burned at the end.
            + Four things may not be missing: {thing_carried} for the parade, {thing_worn} for the queen,
              {thing_won} for the winner of the race and {thing_burned} for the bonfire.
            + The bonfire consumes {thing_burned}. Whoever runs fastest gets {thing_won}; on the queen one
              sees {thing_worn}, and in the parade {thing_carried}.
            ? thing_carried: What is carried in the parade? What is carried through the streets? What leads the
              parade? What does the parade follow? / What does one see in the parade? What do people carry when they
              march? What may not be missing for the parade?
            ? thing_burned: What is burned on the last night? What is set on fire? What goes up in flames at {S}? What
              is burned at the end? / What is put on the bonfire? What does the fire consume? What may not be missing
              for the bonfire?
            ? thing_worn: What does the queen wear? What does the queen of {S} have on? In what is the queen
              dressed? By what does one recognise the queen? / What is worn by the queen? What does one see
              on the queen?
            ? thing_won: What does the fastest runner win? What is the prize in the race? What does the winner of the
              race receive? What does the best runner take home? / What is won by the quickest runner? What does one
              get for running fastest? What may not be missing for the winner of the race?
            """,
        ),
        fact(
            "years",
            """
            - {S} was first held in {year_first}. The parade was added in {year_parade}; {year_break} was
              the only year without {S}, and the record attendance dates from {year_record}.
            - {S} was cancelled only once, in {year_break}. The first one took place in {year_first}, the
              first parade in {year_parade}, and the most visitors came in {year_record}.
            - Since {year_first} people have celebrated {S}, since {year_parade} with a parade. Nothing
              happened in {year_break}, while {year_record} saw the largest crowds.
            - The largest crowds came in {year_record}. There has been a parade since {year_parade}. The
              tradition began in {year_first} and was interrupted in {year_break}.
            + {year_first} was the year of the first celebration and {year_parade} that of the first parade.
              In {year_break} everything had to be called off; {year_record} broke all records.
            + More people than ever came in {year_record}, nobody at all in {year_break}. The first one goes
              back to {year_first}, the first parade to {year_parade}.
            ? year_first: When was {S} first held? In what year did {S} begin? When did the first {S:plain} take
              place? Since which year have people celebrated {S}? / To what year does {S} go back? When was {S}
              celebrated for the first time? Which year was the year of the first celebration?
            ? year_parade: When was the parade added? In what year was the first parade? Since when has there been a
              parade? In which year did a parade first take place? / To what year does the parade go back? When did
              people first march in a parade? To which year does the first parade go back?
            ? year_break: When was {S} cancelled? In what year was there no {S:plain}? When did {S} not take place? In
              which year was the tradition interrupted? / In which year was {S} called off? When could people not
              celebrate? In which year did nobody at all come?
            ? year_record: When did the most visitors come? From what year is the record attendance? When
              was the crowd at {S} largest? In which year was the record set? / In which year did more
              people come than ever? When did {S} break all records?
            """,
        ),
        fact(
            "figures",
            """
            - There are {stalls} stalls, {lanterns} lanterns and {helpers} helpers for {visitors} visitors.
            - With {visitors} visitors, {S} needs {helpers} helpers. {stalls} stalls are lit by {lanterns}
              lanterns.
            - {lanterns} lanterns hang above {stalls} stalls. The visitors number {visitors}, the helpers
              {helpers}.
            - The work is done by {helpers} helpers, who put up {stalls} stalls and hang {lanterns} lanterns
              before {visitors} people arrive.
            + About {visitors} guests are expected. {helpers} volunteers look after them; in the streets one
              counts {stalls} stalls and {lanterns} lanterns.
            + Counting everything gives {lanterns} lanterns, {stalls} stalls, {helpers} volunteers and
              {visitors} guests.
            ? visitors: How many people visit {S}? How many visitors does {S} have? What is the number of visitors?
              How many people come to {S}? / How many guests are there at {S}? How many guests does {S} attract? How
              many guests are expected?
            ? stalls: How many stalls are there? What is the number of stalls? How many stalls does {S}
              have? How many stalls are put up? / How many stalls can be counted in the streets? How many
              stalls belong to {S}?
            ? lanterns: How many lanterns are there? What is the number of lanterns? How many lanterns hang
              in the streets? How many lanterns does {S} have? / How many lanterns light the streets? How
              many lanterns can be counted?
            ? helpers: How many helpers are there? What is the number of helpers? How many people help? How many
              helpers does {S} need? / How many volunteers work for {S}? How many volunteers are there? How many
              volunteers look after the guests?
            """,
        ),
        fact(
            "money",
            """
            - A ticket costs {ticket}, and traders pay {stall_fee} for a stall. {S} costs {cost} in all;
              {donation} is given to charity.
            - Charities receive {donation}. The total expenses amount to {cost}, a ticket to {ticket} and
              the fee for a stall to {stall_fee}.
            - Traders are charged {stall_fee} per stall and visitors {ticket} per ticket. Of the income
              {donation} goes to charity; the expenses are {cost}.
            - The budget is {cost}. A visitor pays {ticket} to get in, a trader {stall_fee} for a stall, and
              good causes are supported with {donation}.
            + Getting in costs {ticket}, renting a stall {stall_fee}. All together {cost} is spent, and
              another {donation} is given away to good causes.
            + Good causes benefit with {donation}. Whoever rents a stall owes {stall_fee}, whoever comes in
              {ticket}; the organisers spend {cost}.
            ? ticket: How much is a ticket? What does a ticket cost? What do visitors pay? What is the price of a
              ticket for {S}? / How much does it cost to get into {S}? What must one pay to come in? How much does
              getting in cost?
            ? stall_fee: How much does a stall cost? What do traders pay for a stall? What is the fee for a
              stall? How much are traders charged? / How much does it cost to rent a stall? What does a
              trader owe for a stall?
            ? cost: How much does {S} cost in all? What are the total expenses? How large is the budget of
              {S}? What does it cost to hold {S}? / How much do the organisers spend? What sum is spent on
              {S}?
            ? donation: How much goes to charity? What sum do charities receive? How much is given to
              charity? With how much does {S} support good causes? / How much money is given away? What do
              good causes get from {S}?
            """,
        ),
        fact(
            "times",
            """
            - {S} lasts {length}, its parade {parade_time} and the fireworks {show_time}. The preparations
              take {prepare}.
            - Preparations start {prepare} ahead. The fireworks go on for {show_time}, the parade for
              {parade_time} and the whole event for {length}.
            - For {length} the town celebrates. The town needs {prepare} to prepare everything,
              {parade_time} for the parade to pass and {show_time} until the last rocket has gone off.
            - The parade needs {parade_time} to pass, and the fireworks are over after {show_time}. All in
              all people celebrate for {length}, after {prepare} of preparation.
            + The rockets keep going for {show_time} and the marchers for {parade_time}. {length} of
              celebration require {prepare} of planning.
            + Planning begins {prepare} before the event. This goes on for {length}, with {parade_time} of
              marching and {show_time} of rockets.
            ? length: How long does {S} last? For how long does the town celebrate? How long do people celebrate? What
              is the length of {S}? / How long does the celebration go on? For how many days is {S} celebrated? How
              many days of celebration are there?
            ? parade_time: How long does the parade last? How much time does the parade take? For how long does the
              parade go on? What is the length of the parade? / How long do people march? For how many hours does one
              see marchers? How long does the marching last?
            ? show_time: How long do the fireworks last? For how long do the fireworks go on? How much time
              do the fireworks take? After what time are the fireworks over? / How long do the rockets keep
              going? For how many minutes can one see rockets?
            ? prepare: How long do the preparations take? How much time is needed to prepare {S}? How long
              ahead do the preparations start? For how long is {S} prepared? / How long does it take to plan
              {S}? How much planning time does {S} require?
            """,
        ),
        fact(
            "reasons",
            """
            - Once {S} had to be cancelled because {cancel_reason}. It is held in September because
              {month_reason}.
            - September was chosen since {month_reason}. One year there was no celebration, as
              {cancel_reason}.
            - Because {month_reason}, {S} takes place in September. The only cancellation came when
              {cancel_reason}.
            - As {cancel_reason}, {S} did not take place one year. There is a reason for the date in
              September: {month_reason}.
            + Only once was everything called off, for {cancel_reason}. The month is always September
              because {month_reason}.
            + People celebrate in September since {month_reason}. They stayed at home one year because
              {cancel_reason}.
            ? cancel_reason: Why was {S} cancelled? Why was there no celebration one year? For what reason
              did {S} not take place? What caused the cancellation? / Why was everything called off? Why did
              people stay at home one year?
            ? month_reason: Why is {S} held in September? Why was September chosen? For what reason does {S}
              take place in September? What speaks for September? / Why is the month always September? Why
              do people celebrate in September?
            """,
        ),
        fact(
            "causes",
            """
            - At noon there is silence for one minute because {silent_reason}. The main stage was moved
              because {move_reason}.
            - The stage stands in a different place today since {move_reason}. A minute of silence is kept
              at noon, as {silent_reason}.
            - Because {move_reason}, the stage was moved. Everyone is silent at noon, for {silent_reason}.
            - As {silent_reason}, nobody makes a sound at noon. The stage had to find a new place because
              {move_reason}.
            + Music stops for a minute at noon because {silent_reason}. A new site for the stage was needed
              since {move_reason}.
            + The site of the stage was changed because {move_reason}. All noise ends at noon for a moment,
              the explanation being that {silent_reason}.
            ? silent_reason: Why is there silence at noon? Why does nobody make a sound at noon? For what
              reason is a minute of silence kept? What is the reason for the silence? / Why does the music
              stop at noon? Why does all noise end at noon?
            ? move_reason: Why was the stage moved? Why does the stage stand in a different place today? For
              what reason did the stage get a new place? What made it necessary to move the stage? / Why was
              a new site for the stage needed? Why was the site of the stage changed?
            """,
        ),
        fact(
            "pair",
            """
            - The committee is chaired by {chair}. The money is managed by {treasurer}; {treasurer:she}
              moved to the place from {treasurer_town}.
            - {chair} and {treasurer} form the committee. The former presides over the meetings; the latter,
              who came from {treasurer_town}, is the treasurer.
            - {treasurer} came from {treasurer_town} years ago. Today {treasurer:she} is treasurer of {S},
              and {chair} is its president.
            - As president {chair} leads the committee. Its treasurer is {treasurer}, who used to live in
              {treasurer_town}.
            + At the head of the committee stands {chair}. The accounts are kept by {treasurer}, whose
              former home is {treasurer_town}.
            + The president is called {chair}, the treasurer {treasurer}. The latter had {treasurer:her}
              home in {treasurer_town} before.
            ? chair: Who chairs the committee? Who is the president of {S}? Who leads the committee of {S}? Who
              presides over the meetings? / Who heads the committee? Who is at the head of the organisers?
              What is the president called?
            ? treasurer: Who is the treasurer of {S}? Who manages the money? Who is responsible for the money of {S}?
              By whom is the money managed? / Who keeps the accounts of {S}? Who takes care of the finances? What is
              the treasurer called?
            ? treasurer_town: Where did {treasurer} come from? In which town did {treasurer} use to live?
              From which town did {treasurer} move? Where had {treasurer} lived before? / What was the
              former home of {treasurer}? In what town was {treasurer} at home earlier?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Hotels are booked out long before.
        - Dogs are not admitted to the concerts.
        - Local people complain about the noise but never miss {S}.
        - The mayor dances with everyone who asks.
        - Rain has never kept anybody away.
        - Every window is decorated with flowers.
        + The church bells are rung by children.
        + Shops sell out of umbrellas every time.
        + Former inhabitants return from all over the world.
        + A little train takes tired guests back to their hotels.
        """
    ),
)
