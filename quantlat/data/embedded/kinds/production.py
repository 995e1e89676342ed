"""Passages about how a cheese is made; the steps are told in the present tense and in their order."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Money, Person, Pick, Town, Year, organisation

PRODUCTION = Kind(
    name="production",
    subject=(
        ("<stem> Blue", "the cheese"),
        ("<stem> White", "the cheese"),
        ("<stem> Gold", "the cheese"),
        ("<stem> Red", "the cheese"),
    ),
    rival=("<stem> Grey", "<stem> Silver"),
    slots={
        "town": Town(),
        "inventor": Person(),
        "milk": Pick(AnswerType.ITEM, "milks"),
        "curdler": Pick(AnswerType.ITEM, "liquids"),
        "wash": Pick(AnswerType.ITEM, "liquids"),
        "wrap": Pick(AnswerType.ITEM, "wraps"),
        "side": Pick(AnswerType.ITEM, "sides"),
        "warm": Amount(28, 48, unit="degrees"),
        "weight": Amount(4, 30, unit="kilograms"),
        "salt": Amount(40, 400, 10, "grams"),
        "width": Amount(20, 60, unit="centimetres"),
        "curd_time": Duration("minutes", 25, 95),
        "press_time": Duration("hours", 5, 40),
        "brine_time": Duration("days", 2, 14),
        "age_time": Duration("months", 4, 20),
        "turn_reason": Pick(AnswerType.REASON, "turn"),
        "cloth_reason": Pick(AnswerType.REASON, "cloth"),
        "bell_reason": Pick(AnswerType.REASON, "bell"),
        "summer_reason": Pick(AnswerType.REASON, "summer"),
        "tool_stir": Pick(AnswerType.OBJECT, "tools"),
        "tool_cut": Pick(AnswerType.OBJECT, "tools"),
        "tool_test": Pick(AnswerType.OBJECT, "tools"),
        "tool_mark": Pick(AnswerType.OBJECT, "tools"),
        "cellar": Town(),
        "market": Town(),
        "school": Town(),
        "master": Person(),
        "writer": Person(),
        "smuggler": Person(),
        "year_made": Year(1750, 1900),
        "year_fair": Year(5, 30, after="year_made"),
        "year_ban": Year(5, 30, after="year_fair"),
        "year_law": Year(20, 60, after="year_ban"),
        "guild": organisation("the {} Guild", "the {} Brotherhood"),
        "dairy": organisation("the {} Dairy", "{} Foods"),
        "shop": organisation("the {} Market", "{} Stores"),
        "lab": organisation("the {} Institute", "the {} College"),
        "wheels": Amount(2_000, 60_000, 100),
        "farms": Amount(14, 90),
        "dairies": Amount(110, 300),
        "cows": Amount(400, 1_900, 10),
        "price": Money(12, 60, 1),
        "record": Money(1_100, 9_000, 100),
        "fine": Money(10_000, 50_000, 1_000),
        "sales": Money(1_000_000, 9_000_000, 100_000),
        "rival_inventor": Person(),
        "rival_town": Town(),
        "rival_year": Year(20, 120, after="year_made"),
        "carrier": Person(),
        "taster": Person(),
        "taster_town": Town(),
    },
    pools={
        "milks": pool(
            """goat milk | cow milk | sheep milk | buffalo milk | a mixture of cow and goat milk""",
            """yak milk | donkey milk | a blend of sheep and buffalo milk""",
        ),
        "liquids": pool(
            """fig sap | thistle juice | white wine | walnut oil | cider | pear brandy | saffron water | black tea |
            almond milk | warm vinegar""",
            """lemon juice | nettle extract | dark beer | rose water""",
        ),
        "wraps": pool(
            """chestnut leaves | red clay | straw | birch bark | wood ash | waxed paper | spruce twigs""",
            """vine leaves | dry hay | beeswax""",
        ),
        "sides": pool(
            """mustard | figs | rye bread | quince jelly | roasted onions | pear slices | boiled potatoes""",
            """plum jam | salted pecans | pickled beetroot""",
        ),
        "turn": pool(
            """the fat would collect at the bottom otherwise | the rind must dry evenly | the shelves leave marks
            in it | the mould needs air on both sides""",
            """moisture would gather on one side otherwise | the shape would become crooked""",
        ),
        "cloth": pool(
            """metal would spoil the taste | the whey can run off through it | it keeps flies away | a pattern in
            the rind proves the origin""",
            """plastic makes the rind slippery | it lets the curd breathe""",
        ),
        "bell": pool(
            """visitors had once been locked in | a ghost is said to live in the vault | the shepherds had no
            clocks | wolves were driven off like that""",
            """the echo shows whether the walls are dry | bats are woken in this way""",
        ),
        "summer": pool(
            """the animals graze on the high meadows then | the milk is richest at that time | the cellars are cool
            only in those months | wild thyme is in flower then""",
            """the passes are free of snow then | clover grows only in that season""",
        ),
        "tools": pool(
            """a wooden harp | a copper spoon | a silver hammer | a branding iron | a long ladle | a bamboo
            whisk | a wire frame | a hollow needle | an oak paddle | a pair of tongs""",
            """a bone knife | a tuning fork | a willow broom | a glass rod | a leather stamp | an iron comb""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} is a cheese from {town}, made from {milk} according to a recipe by {inventor}.
            - In {town} {milk} is turned into {S}. The recipe was invented by {inventor}.
            - {inventor} invented {S}, a cheese from {town} for which {milk} is used.
            - The cheese called {S} comes from {town}. It is made from {milk}, and its inventor was
              {inventor}.
            + {town} is the home of {S}, a cheese whose recipe goes back to {inventor} and which consists of
              {milk}.
            + {S} owes its recipe to {inventor}. It is a cheese of {milk} and comes from the area around
              {town}.
            ? town: Where does {S} come from? From which town is {S}? In which town is {S} made? What is the place of
              origin of {S}? / What is the home of {S}? From which area is {S}? From the area around which town does
              {S} come?
            ? milk: From what is {S} made? Which milk is used for {S}? What kind of milk is in {S}? What is turned
              into {S}? / Of which milk does {S} consist? What milk does one need for {S}? Of which milk is the cheese
              {S}?
            ? inventor: Who invented {S}? Who had the recipe for {S} first? By whom was {S} invented? Who
              was the inventor of {S}? / To whom does the recipe of {S} go back? Who created {S}?
            """,
            opening=True,
        ),
        fact(
            "stuffs",
            """
            - The milk is curdled with {curdler}. Later the wheels are washed with {wash}, wrapped in {wrap}
              and eaten with {side}.
            - To curdle the milk one adds {curdler}. The rind is washed with {wash}; a wrapping of {wrap}
              protects the finished cheese, which is traditionally served with {side}.
            - With {curdler} the milk is made to curdle, with {wash} the rind is rubbed. {S} is sold in a
              wrapping of {wrap} and goes best with {side}.
            - Tradition demands {curdler} for curdling and {wash} for washing the rind. {wrap} serves as a
              wrapping; at table {S} is accompanied by {side}.
            + What thickens the milk is {curdler}. Once a week the rind is cleaned with {wash}. Shops offer
              {S} packed in {wrap}, and gourmets enjoy it with {side}.
            + Gourmets combine {S} with {side}. It is packed in {wrap}, and its rind has been cleaned with
              {wash}; {curdler} was used to thicken the milk.
            ? curdler: With what is the milk curdled? What makes the milk curdle? What is added to curdle
              the milk? What is used for curdling? / What thickens the milk? With what does one make the
              milk thick?
            ? wash: With what is the rind washed? What are the wheels washed with? What is used to wash the
              cheese? With what is the rind rubbed? / What is used to clean the rind? With what does one
              clean the rind every week?
            ? wrap: In what is the cheese wrapped? What serves as a wrapping? What protects the finished
              cheese? In what is {S} sold? / In what is {S} packed? What is the packing of {S} made of?
            ? side: With what is {S} served? With what is {S} eaten? What goes best with {S}? What accompanies {S} at
              table? / What do gourmets eat with {S}? With what do gourmets combine {S}? With what do gourmets enjoy
              {S}?
            """,
        ),
        fact(
            "times",
            """
            - After {curd_time} the curd is firm. It is pressed for {press_time}, lies in brine for
              {brine_time} and ripens for {age_time}.
            - It takes {curd_time} until the curd is firm and {press_time} until the press can be opened.
              Then come {brine_time} in brine and {age_time} of ripening.
            - The ripening lasts {age_time}. Before that the curd has rested for {curd_time}, the wheels
              have been in the press for {press_time} and in the brine for {brine_time}.
            - Pressing requires {press_time}, salting in brine {brine_time} and ripening {age_time}. The
              curd itself sets within {curd_time}.
            + The milk needs {curd_time} to become solid. A wheel stays under the press for {press_time}, in
              salt water for {brine_time} and in the cellar for {age_time}.
            + In the cellar a wheel spends {age_time}, in salt water {brine_time} and under the press
              {press_time}; {curd_time} are enough for the milk to become solid.
            ? curd_time: How long does it take until the curd is firm? How long does the curd rest? After
              what time is the curd firm? Within what time does the curd set? / How long does the milk take
              to become solid? After how many minutes is the milk solid?
            ? press_time: How long is the cheese pressed? For how long are the wheels in the press? How much time does
              pressing require? How long does the pressing last? / How long does a wheel stay under the press? For how
              many hours is a wheel under the press? How much time does a wheel spend under the press?
            ? brine_time: How long does the cheese lie in brine? For how long are the wheels in the brine?
              How much time does salting require? How long does the salting last? / How long does a wheel
              stay in salt water? For how many days is a wheel in salt water?
            ? age_time: How long does {S} ripen? For how long does {S} ripen? How much time does ripening
              require? How long does the ripening last? / How long does a wheel stay in the cellar? For how
              many months is a wheel in the cellar?
            """,
        ),
        fact(
            "sizes",
            """
            - The milk is warmed to {warm}. A finished wheel weighs {weight}, is {width} across and contains
              {salt} of salt.
            - A wheel has a diameter of {width} and a weight of {weight}. {salt} of salt go into it; the
              milk must be heated to {warm}.
            - At {warm} the milk has the right temperature. Each wheel takes up {salt} of salt, reaches
              {weight} on the scales and measures {width} in diameter.
            - One wheel is {width} wide and {weight} heavy. It takes {salt} of salt and milk that has been
              heated to {warm}.
            + The kettle must show {warm}. When everything is done, the scales show {weight} and the ruler
              {width}; the amount of salt is {salt}.
            + With a breadth of {width} a wheel brings {weight} to the scales. {salt} is the amount of salt
              in it, and {warm} is what the thermometer in the kettle must show.
            ? warm: To what temperature is the milk heated? How warm must the milk be? To how many degrees
              is the milk warmed? What is the right temperature of the milk? / What must the thermometer in
              the kettle show? How hot is the kettle?
            ? weight: How heavy is a wheel? What does a wheel weigh? What is the weight of one wheel? How
              much does a finished wheel weigh? / What do the scales show for a wheel? How heavy is a wheel
              when it is done?
            ? width: How wide is a wheel? What is the diameter of a wheel? What does a wheel measure across? How large
              is a wheel in diameter? / What is the breadth of a wheel? How broad is one wheel? What does the ruler
              show?
            ? salt: How much salt is in a wheel? What quantity of salt goes into a wheel? How much salt does
              a wheel contain? How much salt does one need for a wheel? / What is the amount of salt in a
              wheel? How much salt is needed for one wheel?
            """,
        ),
        fact(
            "tools",
            """
            - The curd is cut with {tool_cut} and stirred with {tool_stir}. {tool_test} is used to test
              whether a wheel is ripe, and {tool_mark} to mark the rind.
            - Stirring is done with {tool_stir}, cutting with {tool_cut}. One tests the ripeness with
              {tool_test} and marks each wheel with {tool_mark}.
            - Every dairy owns {tool_mark} for marking the wheels and {tool_test} for testing them. To cut
              the curd one takes {tool_cut}, to stir it {tool_stir}.
            - {tool_test} tells the master whether a wheel is ready; {tool_mark} gives it its mark. Before
              that {tool_stir} has been used for stirring and {tool_cut} for cutting the curd.
            + The curd is divided with {tool_cut} and kept in motion with {tool_stir}. The master checks a
              wheel with {tool_test}; the sign of the house is applied with {tool_mark}.
            + The sign of the house is applied with {tool_mark}. For checking a wheel there is {tool_test},
              for dividing the curd {tool_cut} and for keeping it in motion {tool_stir}.
            ? tool_cut: With what is the curd cut? What is used to cut the curd? Which tool cuts the curd?
              What does one take for cutting? / With what is the curd divided? What is used to divide the
              curd into pieces?
            ? tool_stir: With what is the curd stirred? What is used for stirring? Which tool stirs the curd? What
              does one take to stir? / With what is the curd kept in motion? What is used to keep the curd moving?
              What is there for keeping the curd in motion?
            ? tool_test: With what is the ripeness tested? What is used to test a wheel? Which tool shows
              whether a wheel is ripe? What does one take to test the ripeness? / With what does the master
              check a wheel? What is used to check whether a wheel is ready?
            ? tool_mark: With what are the wheels marked? What is used to mark the rind? Which tool marks
              the cheese? What does one take for marking? / With what is the sign of the house applied? What
              is used to put a sign on the rind?
            """,
        ),
        fact(
            "places",
            """
            - The wheels ripen in a cellar in {cellar}, are sold at the market of {market} and are judged by
              the cheese school in {school}.
            - For ripening {S} is taken to {cellar}. The most important market is that of {market}; young
              makers are trained at a school in {school}.
            - The school for cheese makers is in {school}, the market in {market}. All wheels mature in a
              cellar in {cellar}.
            - {cellar} has the cellar in which the wheels mature, {market} the market at which they are sold
              and {school} the school at which the craft is taught.
            + In {school} one can learn the craft. Merchants buy the wheels in {market}, after they have
              become ripe underground in {cellar}.
            + Underground in {cellar} the wheels become ripe; merchants come for them to {market}, and those
              who want to learn the craft go to {school}.
            ? cellar: Where does {S} ripen? In which town is the cellar? Where do the wheels mature? To
              which town is {S} taken for ripening? / Where do the wheels become ripe? In which town are the
              wheels kept underground?
            ? market: Where is {S} sold? In which town is the market? Where is the most important market for
              {S}? At the market of which town are the wheels sold? / Where do merchants buy the wheels? In
              which town do merchants get {S}?
            ? school: Where is the cheese school? In which town is the school for cheese makers? Where are
              young makers trained? Where is the craft taught? / Where can one learn the craft? To which
              town do people go to learn how to make {S}?
            """,
        ),
        fact(
            "people",
            """
            - {master} is the best known maker today. {writer} praised {S} in a novel, and {smuggler} once
              smuggled it across the border.
            - In a novel by {writer} {S} is praised. {smuggler} became famous for smuggling it; the leading
              maker at present is {master}.
            - {smuggler} smuggled hundreds of wheels over the border. A novel by {writer} made {S} popular,
              and nobody makes it better today than {master}.
            - Today {master} is regarded as the best maker. {S} appears in a novel by {writer}; it was
              smuggled abroad by {smuggler}.
            + Literature knows {S} from a book by {writer}, the police from the secret trade of {smuggler}.
              The finest wheels nowadays are those of {master}.
            + The finest wheels nowadays bear the name of {master}. It was {smuggler} who took them abroad
              in secret, and {writer} who celebrated them in a book.
            ? master: Who is the best known maker of {S}? Who makes the best {S:plain} today? Who is the
              leading maker at present? Which maker is the most famous today? / Who makes the finest wheels
              nowadays? Whose wheels are considered the finest?
            ? writer: Who praised {S} in a novel? Which writer made {S} popular? In whose novel does {S}
              appear? Who wrote a novel in which {S} is praised? / Who celebrated {S} in a book? Which
              author mentioned {S}?
            ? smuggler: Who smuggled {S}? Who took {S} over the border? By whom was {S} smuggled? Who became
              famous for smuggling? / Who carried on a secret trade in {S}? Who brought {S} abroad in
              secret?
            """,
        ),
        fact(
            "years",
            """
            - {S} was first made in {year_made} and won a medal at a fair in {year_fair}. Its export was
              forbidden in {year_ban}; since {year_law} the name has been protected by law.
            - A law of {year_law} protects the name. In {year_ban} it was forbidden to export {S}, which had
              been invented in {year_made} and had won its first medal in {year_fair}.
            - The first wheel dates from {year_made}, the first medal from {year_fair}. A ban on exports was
              declared in {year_ban}, and legal protection came in {year_law}.
            - In {year_fair} {S} won a medal. It had been made since {year_made}; exports were banned in
              {year_ban}, and the name has been protected since {year_law}.
            + {S} dates back to {year_made}, when it was invented, and won its first award in {year_fair}.
              No wheel was allowed out of the country from {year_ban} on. Nobody else has been allowed to
              use the name since {year_law}.
            + Only those who make {S} have been allowed to use the name since {year_law}. A first award was
              won in {year_fair}, and in {year_ban} selling it abroad became a crime. The invention dates
              back to {year_made}.
            ? year_made: When was {S} first made? In what year was {S} invented? Since when has {S} been made? From
              what year does the first wheel date? / What is the year of the invention of {S}? When did somebody
              invent {S}? In which year was {S} invented? To which year does the invention of {S} date back?
            ? year_fair: When did {S} win a medal? In what year did {S} get its first medal? When was {S} successful
              at a fair? From what year is the first medal? / When did {S} win its first award? In which year did {S}
              receive an award? In which year was the first award won?
            ? year_ban: When was the export of {S} forbidden? In what year were exports banned? When was it
              forbidden to export {S}? In which year was the export ban declared? / When did it become a
              crime to sell {S} abroad? From what year on was no wheel allowed out of the country?
            ? year_law: When was the name protected? Since when has the name been protected by law? In what
              year did {S} get legal protection? From what year is the law on the name? / Since when has
              nobody else been allowed to use the name? In which year was the use of the name restricted?
            """,
        ),
        fact(
            "bodies",
            """
            - {guild} watches over the quality, {dairy} is the largest producer, {shop} sells more than
              anyone else, and {lab} does the research.
            - The largest producer is {dairy}. Research is done by {lab}, quality is controlled by {guild},
              and most customers buy {S} at {shop}.
            - Scientists of {lab} study {S}; inspectors of {guild} control it. More than half is produced by
              {dairy}, and the most important seller is {shop}.
            - {shop} has the highest sales and {dairy} the highest output. {guild} controls the quality;
              scientific questions are answered by {lab}.
            + Nobody turns out as much as {dairy}, and nobody sells as much as {shop}. The rules are
              enforced by {guild}; the microbes are examined at {lab}.
            + The microbes are examined at {lab}, the rules enforced by {guild}. Of all retailers {shop} is
              the greatest, of all makers {dairy}.
            ? guild: Who watches over the quality of {S}? Which body controls the quality? Who controls {S}?
              By whom is the quality controlled? / Who enforces the rules? Which body makes sure that the
              rules are kept?
            ? dairy: Who is the largest producer of {S}? Which firm makes the most {S:plain}? Who produces more than
              half of it? Which producer has the highest output? / Which is the greatest of the makers of {S}? Which
              company turns out the most? Of all makers, which is the greatest?
            ? shop: Who sells most of the cheese? Where do most customers buy {S}? Which seller is the most
              important? Which firm has the highest sales? / Which is the greatest of the retailers? Which
              retailer sells more than all others?
            ? lab: Who does research on {S}? Which institution studies {S}? Where do scientists study {S}?
              By whom is the research done? / Where are the microbes examined? Which institution looks at
              the microbes of {S}?
            """,
        ),
        fact(
            "figures",
            """
            - Each year {wheels} wheels are made with the milk of {cows} animals from {farms} farms, and
              they reach the customers by way of {dairies} shops.
            - {farms} farms with {cows} animals supply the milk for {wheels} wheels a year. There are
              {dairies} shops that sell them.
            - In {dairies} shops one can buy {S}. Annual production is {wheels} wheels; the milk comes from
              {cows} animals on {farms} farms.
            - Production has reached {wheels} wheels a year. The number of farms is {farms}, that of animals
              {cows} and that of shops {dairies}.
            + {cows} animals on {farms} farms give their milk for {S}. The output of one year is {wheels}
              wheels, and {dairies} shops have it on offer.
            + The wheels made in a year number {wheels}. {dairies} shops have them on offer, {farms} farms
              deliver the milk, and {cows} animals give it.
            ? wheels: How many wheels are made each year? What is the annual production? How many wheels are
              produced in a year? How large is the production of {S}? / How many wheels are the output of
              one year? What is the yearly number of wheels?
            ? cows: How many animals supply the milk? How many animals are there? What is the number of
              animals? From how many animals does the milk come? / How many animals give milk for {S}? How
              many animals are needed for {S}?
            ? farms: How many farms supply the milk? On how many farms are the animals? What is the number
              of farms? From how many farms does the milk come? / How many farms deliver milk for {S}? How
              many farms take part?
            ? dairies: How many shops sell {S}? In how many shops can one buy {S}? What is the number of
              shops? How many shops are there for {S}? / How many shops have {S} on offer? In how many shops
              is {S} available?
            """,
        ),
        fact(
            "money",
            """
            - A kilogram costs {price}; at an auction one old wheel fetched {record}. All sales together
              bring in {sales} a year, and whoever misuses the name pays a fine of {fine}.
            - The fine for misusing the name is {fine}. The price per kilogram is {price}, the highest price
              ever paid for a wheel was {record}, and annual sales amount to {sales}.
            - Annual sales are worth {sales}. A collector gave {record} for a single wheel, although a
              kilogram normally costs {price}. Misuse of the name is punished with {fine}.
            - For {price} one gets a kilogram. {record} was paid for the most expensive wheel, {fine} must
              be paid for misusing the name, and {sales} is earned in a year.
            + Buyers pay {price} for a kilogram and once paid {record} for a very old wheel. The yearly
              income is {sales}; using the name without permission costs {fine}.
            + Using the name without permission costs {fine}. The yearly income is {sales}. Somebody spent
              {record} on a very old wheel, whereas an ordinary kilogram is sold for {price}.
            ? price: How much does a kilogram cost? What is the price of a kilogram? What does one pay for a
              kilogram? For how much is a kilogram sold? / How much do buyers pay for an ordinary kilogram?
              How expensive is a kilogram of {S}?
            ? record: What was the highest price paid for a wheel? How much did the most expensive wheel
              cost? What did a wheel fetch at an auction? How much was paid for one old wheel? / How much
              did somebody spend on a very old wheel? What was the price of the very old wheel?
            ? sales: How high are the annual sales? How much is earned in a year? What do all sales together
              bring in? What are the sales of {S} worth? / What is the yearly income from {S}? How much
              money does {S} bring in every year?
            ? fine: How much is the fine? What is the penalty for misusing the name? What must one pay for
              misusing the name? How is misuse of the name punished? / What does it cost to use the name
              without permission? How much does someone pay who uses the name unlawfully?
            """,
        ),
        fact(
            "reasons",
            """
            - The wheels are turned every day because {turn_reason}. Linen cloths are used because
              {cloth_reason}.
            - Only linen cloths are allowed since {cloth_reason}. Each wheel is turned daily, as
              {turn_reason}.
            - Because {turn_reason}, somebody turns the wheels every day. The curd is put into linen, for
              {cloth_reason}.
            - As {cloth_reason}, the curd is wrapped in linen cloth. There is a reason for turning the
              wheels every day: {turn_reason}.
            + Day after day the wheels are put on their other side because {turn_reason}. The makers insist
              on linen since {cloth_reason}.
            + Linen is preferred to other fabrics because {cloth_reason}. No wheel may lie on the same side
              for long, for {turn_reason}.
            ? turn_reason: Why are the wheels turned? Why is each wheel turned daily? For what reason does
              somebody turn the wheels? What is the reason for the turning? / Why are the wheels put on
              their other side? Why may no wheel lie on the same side for long?
            ? cloth_reason: Why are linen cloths used? Why is only linen allowed? For what reason is the
              curd put into linen? What is the reason for using linen? / Why do the makers insist on linen?
              Why is linen preferred?
            """,
        ),
        fact(
            "causes",
            """
            - A bell is rung in the cellar because {bell_reason}. {S} is only made in summer because
              {summer_reason}.
            - Production is limited to the summer since {summer_reason}. Every evening a bell is rung in the
              cellar, as {bell_reason}.
            - Because {summer_reason}, the dairies work in summer only. The bell in the cellar is rung for a
              different reason: {bell_reason}.
            - As {bell_reason}, a bell sounds in the cellar every evening. {S} is a product of the summer,
              for {summer_reason}.
            + One hears a bell in the vault because {bell_reason}. Nobody makes {S} outside the summer since
              {summer_reason}.
            + Outside the summer nothing is made because {summer_reason}. The bell in the vault is an old
              custom and exists because {bell_reason}.
            ? bell_reason: Why is a bell rung in the cellar? Why does a bell sound every evening? For what
              reason is the bell rung? What is the reason for the bell? / Why does one hear a bell in the
              vault? How is the custom of the bell explained?
            ? summer_reason: Why is {S} only made in summer? Why is production limited to the summer? For
              what reason do the dairies work in summer only? What is the reason for making {S} in summer? /
              Why does nobody make {S} outside the summer? Why is nothing made in other seasons?
            """,
        ),
        fact(
            "rival",
            """
            - A similar cheese, {R}, was created by {rival_inventor} in {rival_town} in {rival_year}.
            - {rival_inventor} of {rival_town} made a similar cheese, {R}, from {rival_year} on.
            - In {rival_year} {rival_inventor} copied the method in {rival_town}; the result was named {R}.
            - {R}, made in {rival_town} since {rival_year}, is an imitation by {rival_inventor}.
            + There is an imitation called {R}: {rival_inventor} has to answer for it, {rival_town} is where
              it is made, and {rival_year} is when it appeared.
            + {R} tastes almost the same. It appeared in {rival_year} in {rival_town}, where
              {rival_inventor} had tried out the method.
            ? rival_inventor: Who invented {R}? Who created {R}? By whom was {R} created? Who made {R} first? / To
              whom does {R} go back? Who is behind {R}? Who has to answer for {R}? Who had tried out the method of
              {R}?
            ? rival_town: Where does {R} come from? From which town is {R}? In which town is {R} made? What is the
              place of origin of {R}? / What is the home of {R}? Where did {R} appear? Where is {R} made?
            ? rival_year: When was {R} first made? In what year was {R} created? Since when has {R} been
              made? From what year is {R}? / In which year did {R} appear? When did somebody invent {R}?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - {carrier} brings the wheels down into the valley. The last word belongs to {taster};
              {taster:she} trained as a taster in {taster_town}.
            - {carrier} and {taster} are indispensable: the former transports the wheels, the latter tastes
              them. {taster:last} acquired the skill in {taster_town}.
            - Every wheel is tasted by {taster}, who learned how to do it in {taster_town}. The transport is
              in the hands of {carrier}.
            - {taster} went to {taster_town} to become a taster. Now {taster:she} tastes every wheel of {S}
              that {carrier} has transported into the valley.
            + For the transport {carrier} is responsible. No wheel is sold before {taster} has tasted it;
              {taster:she} picked up the art in {taster_town}.
            + Moving the wheels is the task of {carrier}, tasting them that of {taster}. The latter picked
              up the art in {taster_town}.
            ? carrier: Who transports the wheels? Who brings the wheels into the valley? By whom are the
              wheels transported? In whose hands is the transport? / Who is responsible for moving the
              wheels? Who moves the wheels from one place to another?
            ? taster: Who tastes the wheels? Who is the taster? By whom is every wheel tasted? Who has the last word
              about a wheel? / Who must taste a wheel before it is sold? Who tries every wheel? Whose task is tasting
              the wheels?
            ? taster_town: Where did {taster} learn to taste? In which town was {taster} trained? Where was
              the training of {taster}? In which town did {taster} become a taster? / Where did {taster}
              pick up the art? In which town did {taster} get the skill?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Children are allowed to taste the fresh curd.
        - Connoisseurs close their eyes when they try {S}.
        - The smell takes some getting used to.
        - Hardly any of it is exported.
        - No two wheels look alike.
        - The whey is fed to pigs.
        + A thin slice is said to be better than a thick one.
        + Doctors used to recommend {S} against headaches.
        + Tourists often confuse it with butter.
        + The recipe hangs framed in every kitchen.
        """
    ),
)
