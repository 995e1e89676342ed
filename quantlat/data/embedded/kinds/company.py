"""Passages about the history of a manufacturer and its competitor."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Money, Person, Pick, Town, Year, organisation

COMPANY = Kind(
    name="company",
    subject=(
        ("<stem> & Sons", "the company"),
        ("the <stem> Works", "the company"),
        ("<stem> Instruments", "the firm"),
        ("the <stem> Manufacturing Company", "the company"),
        ("<stem> Industries", "the firm"),
    ),
    rival=("<stem> Brothers", "the <stem> Supply Company", "<stem> Limited"),
    slots={
        "founder": Person(),
        "town": Town(),
        "goods_first": Pick(AnswerType.OBJECT, "goods"),
        "goods_best": Pick(AnswerType.OBJECT, "goods"),
        "goods_flop": Pick(AnswerType.OBJECT, "goods"),
        "goods_war": Pick(AnswerType.OBJECT, "goods"),
        "designer": Person(),
        "accountant": Person(),
        "seller": Person(),
        "year_founded": Year(1860, 1925),
        "year_factory": Year(3, 12, after="year_founded"),
        "year_export": Year(3, 12, after="year_factory"),
        "year_shares": Year(5, 25, after="year_export"),
        "branch": Town(),
        "store": Town(),
        "abroad": Town(),
        "lender": organisation("the {} Bank", "the {} Savings Bank"),
        "customer": organisation("the {} Railway", "the {} Line", "the {} Department Store"),
        "buyer": organisation("the {} Group", "{} Holdings"),
        "union": organisation("the {} Workers' Union", "the {} Metal Union"),
        "loan": Money(20_000, 90_000, 1_000),
        "cost": Money(100_000, 400_000, 5_000),
        "fine": Money(2_000, 18_000, 500),
        "price": Money(2_000_000, 60_000_000, 300_000),
        "staff_start": Amount(4, 19, spell=12),
        "staff_peak": Amount(1_200, 6_000, 100),
        "staff_now": Amount(210, 900, 10),
        "patents": Amount(21, 150),
        "strike": Duration("weeks", 3, 14),
        "lawsuit": Duration("years", 3, 12),
        "training": Duration("months", 4, 20),
        "warranty": Duration("days", 30, 95),
        "move_reason": Pick(AnswerType.REASON, "move"),
        "flop_reason": Pick(AnswerType.REASON, "flop"),
        "strike_reason": Pick(AnswerType.REASON, "strike"),
        "name_reason": Pick(AnswerType.REASON, "name"),
        "rival_founder": Person(),
        "rival_town": Town(),
        "rival_year": Year(1860, 1940),
        "heir_plant": Person(),
        "heir_shops": Person(),
        "heir_town": Town(),
    },
    pools={
        "goods": pool(
            """weighing scales | bicycle bells | alarm clocks | oil lamps | sewing machines | fountain pens | door
            locks | coffee mills | barometers | typewriters | music boxes | fishing reels | pocket knives |
            garden shears | gas stoves""",
            """thermometers | umbrellas | egg timers | roller skates | harmonicas | telescopes | tin toys |
            bread slicers""",
        ),
        "move": pool(
            """the old building had no railway siding | the river kept flooding the workshop | the landlord had
            doubled the rent | the neighbours complained about the noise | a fire had destroyed the roof | taxes
            were lower on the coast""",
            """the lease could not be extended | the cellar was too damp for the machines | the town council
            banned steam engines | skilled workers were hard to find""",
        ),
        "flop": pool(
            """its handle broke far too easily | it was much too heavy for a child | nobody could understand the
            instructions | the paint came off in the rain | it made an unbearable noise | the spare parts never
            arrived""",
            """the springs rusted within a season | it could not be repaired at home | customers found it ugly |
            the lid did not close properly""",
        ),
        "strike": pool(
            """wages had been cut twice | a popular foreman had been dismissed | the lunch break was abolished |
            two apprentices had been injured | the new machines threatened many jobs | overtime was no longer
            paid""",
            """the heating had been turned off | holidays were cancelled without notice | the managers refused
            to talk to them | a pension had been withheld""",
        ),
        "name": pool(
            """it reminded buyers of a racehorse | the founder admired an admiral of that name | a street beside
            the gate was called the same | it was easy to pronounce in every language | an older trademark had
            been refused""",
            """it looked good on a signboard | the daughter of the founder suggested it | it could be written
            with five letters""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} was founded in {town} by {founder}, whose first workshop turned out {goods_first}.
            - The story of {S} begins in {town}, where {founder} rented a shed and started to make
              {goods_first}.
            - {founder} set up {S} in {town}. In the early days nothing but {goods_first} left the workshop.
            - {S} is a manufacturer from {town}. {founder}, its founder, began with {goods_first}.
            + It was in {town} that {founder} established {S}, with {goods_first} as its earliest product.
            + {S} goes back to a small business for {goods_first} that {founder} opened in {town}.
            ? founder: Who founded {S}? Who started {S}? Which person created {S}? Who was behind the beginnings of
              {S}? / By whom was {S} set up? To whom does {S} owe its existence? Who established {S}? Who opened the
              small business that became {S}?
            ? town: Where was {S} founded? In which town did {S} begin? What is the home town of {S}? Where did the
              history of {S} start? / In what place was {S} established? Where does {S} have its origins? In what town
              was the business opened that became {S}?
            ? goods_first: What did {S} make at first? What was the first product of {S}? What did {S} produce in its
              early days? With which goods did {S} begin? / What was manufactured by {S} in the beginning? Which
              articles did {S} originally turn out? What was the earliest product of {S}? For what was the small
              business opened?
            """,
            opening=True,
        ),
        fact(
            "range",
            """
            - Nothing sold better than {goods_best}. An attempt to enter the market for {goods_flop} failed,
              and in wartime {S} had to make {goods_war}.
            - During the war {S} was ordered to produce {goods_war}. Its greatest success came with
              {goods_best}, its greatest failure with {goods_flop}.
            - {S} lost money on {goods_flop} but earned a fortune with {goods_best}; the army needed
              {goods_war}, and these were made while the war lasted.
            - The army was supplied with {goods_war} in the war years. In peacetime most of the profit was
              earned with {goods_best}, whereas {goods_flop} proved a mistake.
            + The best seller in the catalogue was the line of {goods_best}; the line of {goods_flop} was a
              flop. As long as the war went on, the machines were used for {goods_war}.
            + War meant making {goods_war}. Otherwise customers came for {goods_best}, and hardly anyone
              could be persuaded to buy {goods_flop}.
            ? goods_best: What was the most successful product of {S}? What did {S} sell most of? Which goods brought
              {S} the greatest profit? What made {S} rich? / Which of its products did best for {S}? What did buyers
              like most about the range of {S}? What was the best seller in the catalogue? For which goods did
              customers come?
            ? goods_flop: Which product of {S} failed? With what did {S} have no success? Which goods caused {S} a
              loss? What turned out to be a mistake for {S}? / Which product was a disappointment for {S}? What did
              {S} try to sell in vain? Which line of the catalogue was a flop? What could hardly anyone be persuaded
              to buy?
            ? goods_war: What did {S} make during the war? Which goods did {S} produce for the army? What was
              manufactured in wartime? What did the military get from {S}? / What was the wartime product of {S}? What
              did {S} make in the war years? For what were the machines used as long as the war went on?
            """,
        ),
        fact(
            "staff",
            """
            - The drawings came from {designer}, the books were kept by {accountant}, and {seller} travelled
              from shop to shop with a sample case.
            - {accountant} looked after the money and {designer} after the shape of the products; orders
              were brought in by {seller}.
            - Three people shaped {S}: {seller}, who visited customers all over the country, {designer}, the
              chief draughtsman, and {accountant}, who was in charge of the accounts.
            - As head of sales {S} hired {seller}. {designer} designed almost everything that was made,
              while {accountant} worked as bookkeeper.
            + {designer} gave the products their form. Selling them was the task of {seller}, and the
              finances were in the hands of {accountant}.
            + The ledgers were written by {accountant}; {seller} went out to win orders, and {designer}
              sketched new models.
            ? designer: Who designed the products of {S}? Who made the drawings? Who was the designer at {S}? Whose
              ideas gave the products their shape? / Who drew the models that {S} made? Who was responsible for the
              look of the products? Who gave the products their form? Who sketched new models for {S}?
            ? accountant: Who kept the books of {S}? Who was the accountant of {S}? Who was responsible for the money
              at {S}? Who handled the accounts? / Who managed the finances of {S}? Who did the bookkeeping for {S}? In
              whose hands were the finances of {S}? By whom were the ledgers written?
            ? seller: Who sold the products of {S}? Who was the salesperson of {S}? Who called on the customers of
              {S}? Who was responsible for sales? / Who got shops to order from {S}? Who represented {S} to its
              customers? Whose task was selling the products? Who went out to win orders?
            """,
        ),
        fact(
            "timeline",
            """
            - {S} was entered in the register in {year_founded}, moved into a proper factory in
              {year_factory}, shipped its first goods abroad in {year_export} and went public in
              {year_shares}.
            - The firm existed from {year_founded} on. A real factory was opened in {year_factory}; exports
              began in {year_export}, and shares have been traded since {year_shares}.
            - The dates are quickly told: foundation in {year_founded}, a factory in {year_factory}, the
              first foreign order in {year_export}, the stock exchange in {year_shares}.
            - Shares of {S} were first sold on the stock market in {year_shares}. By then the business had
              been exporting since {year_export}, had owned a factory since {year_factory} and had existed
              since {year_founded}.
            + In {year_founded} the business came into being; {year_factory} saw the building of a factory,
              {year_export} the earliest deliveries to other countries, and {year_shares} the listing on the
              stock exchange.
            + Investors have been able to buy shares since {year_shares}. Goods had gone to foreign
              customers since {year_export}. The factory was built in {year_factory}, the company itself
              dates back to {year_founded}.
            ? year_founded: In what year was {S} founded? When did {S} come into existence? When was {S} established?
              In which year did {S} start? / In which year was {S} set up? Since when has {S} existed? In which year
              did the business come into being? To which year does the company itself date back?
            ? year_factory: When did {S} get its first factory? In what year was the factory opened? When did {S} move
              into a factory? In which year did {S} have a factory for the first time? / When did a factory take the
              place of the workshop? In which year was the factory completed? Which year saw the building of a
              factory?
            ? year_export: When did {S} first sell abroad? In what year did exports begin? When did the first goods go
              to other countries? In which year did {S} start to export? / When did {S} first get foreign customers?
              In which year did {S} begin to deliver to other nations? In which year were the earliest deliveries to
              other countries? Since which year have goods gone to foreign customers?
            ? year_shares: When did {S} go public? In what year were shares first sold? When was {S} first listed on
              the stock exchange? In which year did the shares start trading? / When did {S} appear on the stock
              market? Since which year can one own shares of {S}? In which year was the listing on the stock exchange?
            """,
        ),
        fact(
            "places",
            """
            - A second factory was built in {branch}; the main warehouse is in {store}, and {abroad} became
              the seat of the foreign office.
            - {S} stores its goods in {store}, runs a branch factory in {branch} and looks after foreign
              customers from {abroad}.
            - Foreign business is directed from {abroad}. There is another factory in {branch}, and
              everything ready for dispatch goes to the depot in {store}.
            - The warehouse stands in {store}. When the first factory became too small, another was put up
              in {branch}; the export office was placed in {abroad}.
            + {branch} has the second plant of {S}, {store} its storehouse and {abroad} the department that
              deals with customers overseas.
            + Overseas orders are handled in {abroad}. Finished goods wait in {store}, many of them coming
              from the additional plant in {branch}.
            ? branch: Where is the second factory of {S}? Where did {S} build another factory? In which town does {S}
              have a branch factory? Where was production expanded? / Where is the additional plant of {S} located? In
              which place did {S} open one more plant? Which town has the second plant of {S}?
            ? store: Where is the warehouse of {S}? In which town does {S} store its goods? Where are goods kept
              before dispatch? Where is the depot of {S}? / Where are the finished goods of {S} kept? In which place
              is the storage building of {S}? Where does {S} have its storehouse? In which town do the finished goods
              wait?
            ? abroad: Where is the foreign office of {S}? From where does {S} run its export business? In which town
              is the export department? Where are foreign customers looked after? / From which town does {S} serve
              customers overseas? Where is business with other countries dealt with? Where are the overseas orders
              handled?
            """,
        ),
        fact(
            "partners",
            """
            - {lender} advanced the starting capital. The first big order came from {customer}, the workers
              were organised in {union}, and in the end {S} was taken over by {buyer}.
            - Today {S} belongs to {buyer}. Its beginnings depended on a credit from {lender} and on
              {customer}, its first large customer; the workforce joined {union}.
            - {union} spoke for the workers. Credit was given by {lender}, the first important order was
              placed by {customer}, and the present owner is {buyer}.
            - {customer} was the first major client and {lender} the first lender. Later {buyer} acquired
              {S}; the employees were represented by {union}.
            + Without a loan from {lender} there would have been no start, and without the order of
              {customer} no growth. {union} defended the interests of the staff. The owner nowadays is
              {buyer}.
            + {S} was sold to {buyer}. Its earliest client of importance was {customer}, its earliest
              creditor {lender}; most of the staff were members of {union}.
            ? lender: Who lent {S} money at the beginning? Which bank financed the start of {S}? From whom did {S} get
              its starting capital? Who gave {S} its first credit? / Which bank helped {S} to get going? Who provided
              the first loan? From whom was the loan without which there would have been no start? Who was the
              earliest creditor of {S}?
            ? customer: Who was the first large customer of {S}? Who gave {S} its first big order? Which
              organisation was the first important buyer of its goods? From whom did the first major order
              come? / Which client placed the earliest large order? Who was the first to buy from {S} on a
              large scale?
            ? buyer: Who owns {S} today? Who took over {S}? To whom does {S} now belong? Which organisation bought
              {S}? / Who is the present proprietor of {S}? By whom was {S} acquired? Who is the owner of {S} nowadays?
              To whom was {S} sold?
            ? union: Which union represented the workers of {S}? Which organisation spoke for the employees? What
              union did the workers join? Who stood up for the workforce? / To which union did the staff of {S}
              belong? Who represented the people working for {S}? Which union defended the interests of the staff?
              Which union had most of the staff as members?
            """,
        ),
        fact(
            "money",
            """
            - The founder borrowed {loan}. The factory cost {cost}, a fine for polluting the river came to
              {fine}, and the final owner paid {price} for everything.
            - At the sale {S} fetched {price}. Years before, {cost} had been spent on the factory, {loan}
              had been borrowed to get started, and {fine} had been paid as a penalty for dirty water.
            - {S} started with a debt of {loan} and was sold for {price}. In between, {cost} went into the
              factory and {fine} into a penalty for spoiling the river.
            - {cost} was the price of the factory. A court imposed a fine of {fine} over the polluted river;
              the debt at the start had been {loan}, and the buyer of the business laid out {price}.
            + {price} changed hands when the business was sold. It had opened with a loan of {loan};
              building the factory swallowed {cost}, and polluting the river led to a punishment of {fine}.
            + For poisoned water {S} was ordered to pay {fine}. The factory had required {cost}, the opening
              of the business a loan of {loan}; its sale brought in {price}.
            ? loan: How much money did {S} borrow at the start? How large was the first debt of {S}? What sum was
              borrowed to begin the business? How much was lent to the founder? / What was the amount of the starting
              loan? How big was the credit with which {S} began? With what loan had the business opened?
            ? cost: How much did the factory cost? What was spent on the factory? How expensive was the factory
              building? What sum did {S} pay for its factory? / What did it cost {S} to build a factory? How much
              money went into the construction of the factory? How much did building the factory swallow?
            ? fine: How much was the fine? What penalty did {S} have to pay? What did polluting the river cost {S}?
              How high was the punishment for the dirty water? / What sum did the court demand from {S}? How much did
              the pollution of the river cost {S}? To what punishment did polluting the river lead? How much was {S}
              ordered to pay for poisoned water?
            ? price: For how much was {S} sold? What did the buyer pay for {S}? How much did {S} fetch? What was the
              purchase price of {S}? / How much was paid to acquire {S}? What sum did the sale of {S} yield? What sum
              changed hands when the business was sold?
            """,
            rank=9,
        ),
        fact(
            "reasons",
            """
            - {S} moved to larger premises because {move_reason}. A kitchen gadget introduced soon
              afterwards did not sell because {flop_reason}.
            - The kitchen gadget in the catalogue was withdrawn since {flop_reason}. That the workshop was
              moved had another reason: {move_reason}.
            - Because {move_reason}, the owners looked for a new building. The gadget for kitchens that they
              brought out was a failure, for {flop_reason}.
            - As {flop_reason}, the kitchen gadget disappeared from the shops. The old workshop had been
              given up because {move_reason}.
            + The relocation became necessary since {move_reason}. As for the unlucky kitchen gadget, the
              trouble was that {flop_reason}.
            + Sales of the kitchen gadget were poor because {flop_reason}. Before that, {S} had changed its
              address, for {move_reason}.
            ? move_reason: Why did {S} move? Why was the old workshop given up? For what reason did {S} look
              for a new building? What made {S} leave its old premises? / Why did {S} change its address?
              What was the cause of the relocation?
            ? flop_reason: Why did the kitchen gadget fail? Why was the kitchen gadget withdrawn? What was
              wrong with the gadget for kitchens? For what reason did few people buy the kitchen gadget? /
              Why did the kitchen gadget sell so badly? What was the problem with the kitchen gadget?
            """,
        ),
        fact(
            "causes",
            """
            - The workers downed tools because {strike_reason}. The brand name was chosen because
              {name_reason}.
            - As brand name the owners took the one still used today since {name_reason}. The great strike
              broke out because {strike_reason}.
            - Since {strike_reason}, the whole workforce went on strike. For its brand {S} picked the
              present name, as {name_reason}.
            - The reason for the strike was clear: {strike_reason}. The brand got its name because
              {name_reason}.
            + What drove the workers into the streets was this: {strike_reason}. The name of the brand was
              selected because {name_reason}.
            + The brand is called what it is because {name_reason}. Work stopped for the first time when a
              protest broke out, for {strike_reason}.
            ? strike_reason: Why did the workers go on strike? What caused the strike? Why did the employees stop
              work? For what reason did the workforce protest? / Why did the staff lay down their tools? What were the
              workers of {S} angry about? What drove the workers into the streets? Why did a protest break out when
              work stopped for the first time?
            ? name_reason: Why was the brand name chosen? What was the reason for the name of the brand? Why
              did {S} pick that name for its brand? For what reason does the brand have its name? / How did
              the brand come by its name? What spoke for the name that was given to the brand?
            """,
        ),
        fact(
            "figures",
            """
            - {staff_start} people worked there at the start, {staff_peak} at the peak and {staff_now}
              today; {patents} patents are held.
            - {S} owns {patents} patents. It now employs {staff_now} people, after {staff_peak} in its best
              days and {staff_start} in its first year.
            - With {staff_start} employees in the first year, {S} grew until there were {staff_peak}. The
              number has since fallen to {staff_now}; the number of patents has risen to {patents}.
            - At its largest the firm gave work to {staff_peak} people, compared with {staff_now} at present
              and {staff_start} in the beginning. Its inventions are protected by {patents} patents.
            + The payroll opened with {staff_start} names, reached {staff_peak} in the great years and lists
              {staff_now} at the moment. As many as {patents} inventions have been patented.
            + {patents} patents have been granted to {S}. There are {staff_now} jobs nowadays; once there
              were {staff_peak}, and in the opening year {staff_start}.
            ? staff_start: How many people worked for {S} at first? How many employees did {S} have in its first year?
              How big was the workforce at the beginning? With how many workers did {S} start? / How many jobs were
              there when {S} began? What was the initial number of workers? With how many names did the payroll open?
              How many jobs were there in the opening year?
            ? staff_peak: How many people worked for {S} at its peak? What was the largest number of employees? How
              many workers did {S} have in its best days? How big did the workforce become at most? / How many jobs
              were there when {S} was at its largest? What was the highest number of workers? What number of names did
              the payroll reach in the great years? How many jobs were there once, in the best years?
            ? staff_now: How many people work for {S} today? How many employees are there now? How big is the present
              workforce? What is the current number of workers? / How many jobs does {S} provide nowadays? How many
              persons does {S} employ at the moment? How many names does the payroll list at the moment?
            ? patents: How many patents does {S} hold? How many inventions did {S} protect? What is the
              number of patents? How many patents belong to {S}? / How many patented inventions does {S}
              have? How many times was {S} granted a patent?
            """,
        ),
        fact(
            "times",
            """
            - A dispute over a patent occupied the courts for {lawsuit}, and the longest strike lasted
              {strike}. Every newcomer is trained for {training}; buyers may return goods within {warranty}.
            - Goods can be sent back within {warranty}, and new staff are taught for {training} before they
              may work alone. The longest strike went on for {strike}, the quarrel over a patent for
              {lawsuit}.
            - For {training} each new worker is instructed by an older one. Customers have {warranty} to
              return what they bought. {S} has survived a strike of {strike} and a patent case of {lawsuit}.
            - In court {S} fought over a patent for {lawsuit}. Once the machines stood still for {strike}
              because of a strike. The period for returning goods is {warranty}, that of training
              {training}.
            + The legal battle for a patent dragged on for {lawsuit}; no strike was longer than the one of
              {strike}. Instruction of a beginner takes {training}, and returns are accepted for {warranty}.
            + Whoever is unhappy with a purchase can bring it back for {warranty}. Beginners learn for
              {training}. A walkout once stopped work for {strike}, and judges needed {lawsuit} to settle a
              patent claim.
            ? lawsuit: How long did the patent dispute last? For how long did {S} fight over a patent? How long was
              {S} in court? How much time did the case about the patent take? / How long did it take to settle the
              patent case? What was the length of the legal fight? How long did the legal battle for a patent drag on?
              How much time did judges need to settle a patent claim?
            ? strike: How long was the longest strike? For how long did the workers refuse to work? How long did the
              machines stand still? What was the duration of the strike? / How long did the protest of the workers go
              on? For how long was there no work because of the staff? How long was the strike that no other was
              longer than? For how long did a walkout once stop work?
            ? training: How long are new workers trained? How much time does training take at {S}? For how long does a
              new employee learn? What is the length of the training? / How long does a beginner get instruction? How
              much time is spent on teaching a new worker? For how long do beginners learn?
            ? warranty: How long do customers have to return goods? For how long can goods be sent back? Within what
              time may a purchase be returned? How long does {S} accept returns? / How much time has a buyer to give
              something back? For how long are unhappy customers able to return an article? For how long are returns
              accepted? Within what time can an unhappy customer bring a purchase back?
            """,
        ),
        fact(
            "rival",
            """
            - The main competitor of {S} was {R}, which {rival_founder} had started in {rival_town} in
              {rival_year}.
            - {R}, founded by {rival_founder} in {rival_year}, made similar goods in {rival_town}.
            - In {rival_town} {rival_founder} created {R}, a competitor, in {rival_year}.
            - The toughest competition came from {rival_town}: there {R} had been opened by {rival_founder}
              in {rival_year}.
            + {R} of {rival_town} was the strongest opponent; it owed its foundation in {rival_year} to
              {rival_founder}.
            + {rival_year} is when {rival_founder} established {R}, a business in {rival_town} in the same
              line.
            ? rival_founder: Who founded {R}? Who started {R}? Which person created {R}? Who was behind the beginnings
              of {R}? / By whom was {R} set up? To whom does {R} owe its existence? Who established {R}? To whom did
              {R} owe its foundation?
            ? rival_town: Where was {R} based? In which town was {R} founded? Where did {R} make its goods? What was
              the home town of {R}? / In what place was {R} at home? Where was {R} located? In what town was the
              business of {R}?
            ? rival_year: In what year was {R} founded? When did {R} come into existence? When was {R} opened? In
              which year did {R} start? / In which year was {R} set up? In which year was {R} established? In which
              year was the foundation of {R}?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - {heir_plant} and {heir_shops} took over from the founder. The former ran the factory; the
              latter, who had grown up in {heir_town}, looked after the shops.
            - The second generation consisted of {heir_shops} and {heir_plant}. The latter was in charge of
              the factory. The former had grown up in {heir_town} and was given the shops.
            - {heir_shops} grew up in {heir_town}. Later {heir_shops:she} inherited the shops of {S}, while
              the factory passed to {heir_plant}.
            - When the founder retired, {heir_plant} became head of the factory. The shops went to
              {heir_shops}; {heir_shops:she} had spent {heir_shops:her} youth in {heir_town}.
            + Of the two heirs, {heir_plant} received the factory. {heir_shops} got the shops; it was in
              {heir_town} that {heir_shops:she} had spent {heir_shops:her} childhood.
            + Two heirs followed: {heir_shops}, a child of {heir_town}, and {heir_plant}. The former was
              left the shops, the latter the factory.
            ? heir_plant: Who took over the factory? Who ran the factory after the founder? Who inherited the factory
              of {S}? To whom did the factory pass? / Who became owner of the factory? Which heir was left the
              factory? Which heir received the factory?
            ? heir_shops: Who took over the shops? Who ran the shops after the founder? Who inherited the shops of
              {S}? To whom did the shops pass? / Who became owner of the shops? Which heir was left the shops? Which
              of the heirs got the shops?
            ? heir_town: Where did {heir_shops} grow up? In which town did {heir_shops} grow up? Where did
              {heir_shops} spend the years of youth? What was the childhood home of {heir_shops}? / Where was
              {heir_shops} raised? In which town did {heir_shops} live as a child? Where had {heir_shops} spent the
              childhood?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Visitors can still see the first machine in the entrance hall.
        - The smell of machine oil hangs in the older halls to this day.
        - Many families have worked for {S} for generations.
        - The catalogues of those days are sought after by collectors.
        - Quality was checked by hand for a long time.
        - {S} has always advertised in a modest way.
        + A tall chimney remains the landmark of the district.
        + Old advertising posters of {S} fetch good prices at auctions.
        + The archive is open to anyone who asks politely.
        + Few outsiders ever saw the polishing room.
        """
    ),
)
