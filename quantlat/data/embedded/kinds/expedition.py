"""Passages about a polar expedition and its rival."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Person, Pick, Town, Year, landmark, organisation

EXPEDITION = Kind(
    name="expedition",
    subject=(
        ("the <stem> Expedition", "the expedition"),
        ("the <stem> Antarctic Expedition", "the expedition"),
        ("the <stem> Polar Expedition", "the expedition"),
    ),
    rival=("the <stem> Arctic Venture", "the <stem> Southern Party", "the <stem> Ice Survey"),
    slots={
        "leader": Person(),
        "sponsor": organisation("the {} Foundation", "the {} Trust", "the {} Shipping Company"),
        "year_out": Year(1895, 1930),
        "year_back": Year(1, 4, after="year_out"),
        "year_book": Year(1, 4, after="year_back"),
        "year_stamp": Year(30, 60, after="year_back"),
        "port": Town(port=True),
        "call": Town(port=True),
        "home": Town(port=True),
        "geologist": Person(),
        "doctor": Person(),
        "photographer": Person(),
        "landing": landmark("Cape {}", "{} Bay"),
        "winter": landmark("{} Inlet", "{} Harbour", "{} Island"),
        "depot": landmark("{} Ridge", "Mount {}", "{} Point"),
        "delay": Duration("days", 5, 28),
        "march": Duration("weeks", 4, 15),
        "storm": Duration("hours", 20, 90),
        "late_reason": Pick(AnswerType.REASON, "late"),
        "route_reason": Pick(AnswerType.REASON, "route"),
        "back_reason": Pick(AnswerType.REASON, "back"),
        "sack_reason": Pick(AnswerType.REASON, "sack"),
        "item_out": Pick(AnswerType.ITEM, "stores"),
        "item_left": Pick(AnswerType.ITEM, "stores"),
        "item_feast": Pick(AnswerType.ITEM, "stores"),
        "item_gift": Pick(AnswerType.ITEM, "stores"),
        "find_one": Pick(AnswerType.OBJECT, "beach"),
        "find_two": Pick(AnswerType.OBJECT, "glacier"),
        "find_three": Pick(AnswerType.OBJECT, "plateau"),
        "prize": Pick(AnswerType.OBJECT, "prizes"),
        "museum": organisation("the {} Museum", "the {} Institute"),
        "society": organisation("the {} Geographical Society", "the {} Academy"),
        "newspaper": organisation("the {} Gazette", "the {} Chronicle"),
        "distance": Amount(600, 2400, 20, "kilometres"),
        "load": Amount(120, 480, 10, "kilograms"),
        "height": Amount(900, 3600, 50, "metres"),
        "dogs": Amount(21, 90),
        "volunteers": Amount(400, 4000, 10),
        "plates": Amount(150, 399),
        "rival_leader": Person(),
        "rival_year": Year(-6, 6, after="year_out"),
        "rival_port": Town(port=True),
        "skipper": Person(),
        "cook": Person(),
        "cook_town": Town(),
    },
    pools={
        "late": pool(
            """the harbour was still frozen | a crate of instruments had gone astray | the boiler of the ship had
            cracked | the dogs had not arrived from Greenland | customs officers impounded the explosives | a
            dock strike had stopped all loading | the cook had fallen ill with measles | the new sails did not fit""",
            """fog had closed the river mouth | the insurers demanded a second inspection | the coal barges had
            run aground | half the crew was in quarantine | a fire had damaged the quay | the compass had to be
            replaced""",
        ),
        "route": pool(
            """it kept clear of the worst crevasses | whalers had described it as safe | it led past known seal
            colonies | it offered shelter from the western gales | nobody had mapped that coast before | the ice
            there was smooth enough for sledges""",
            """fresh water was easy to find along it | the glacier there was said to be gentle | it passed close
            to an old signal hut | it promised daylight for longer""",
        ),
        "back": pool(
            """two of the men were suffering from scurvy | a bridge of snow had collapsed behind the tents | their
            fuel had leaked into the food | the leading sledge had broken in half | the sea ice was drifting north
            | nobody could see through the blizzard any longer""",
            """the last stove had stopped working | several toes had been lost to frostbite | an open channel
            blocked the way | the remaining dogs were too weak to pull""",
        ),
        "sack": pool(
            """he had sold provisions to whalers | he had been drunk on watch | he refused to wear the uniform | he
            had struck a cabin boy | he had falsified the log | he quarrelled with everyone on board""",
            """he had slept through an alarm | he had stolen from the chest of medicines | he had let the lamps
            go out | he would not take orders from a scientist""",
        ),
        "stores": pool(
            """oatmeal | dried beef | lime juice | butter | cocoa | flour | tobacco | salted cod | marmalade |
            brandy | pemmican | rice""",
            """sugar | pickled cabbage | tea | smoked ham | chocolate | honey | lamp oil | goat cheese""",
        ),
        "beach": pool(
            """a wrecked whaleboat | a giant penguin skeleton | a colony of blind shrimps | a carved whale
            tooth | an old signpost""",
            """a two-headed starfish | an iron anchor | a message in a bottle""",
        ),
        "glacier": pool(
            """a fossil tree trunk | a vein of copper | a layer of volcanic ash | a hidden river | a mammoth
            skull""",
            """a bed of coal | a frozen lake | a petrified fern""",
        ),
        "plateau": pool(
            """a meteorite the size of a fist | an unknown moss | a ring of standing stones | a frozen
            waterfall | a dead volcano""",
            """an abandoned camp | a field of black sand | a steaming crater""",
        ),
        "prizes": pool(
            """a lizard without eyes | a cave full of crystals | a glowing mushroom | a spring of warm water
            | a bird with four wings""",
            """a worm that lives in ice | a valley without snow | a humming rock""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} was a scientific voyage to the far south, led by {leader} and paid for largely by
              {sponsor}.
            - Commanded by {leader}, {S} set out to chart an unknown stretch of polar coast. Most of its
              money came from {sponsor}.
            - {S} was the idea of {leader}, who also took command of it; {sponsor} met the greater part of
              the costs.
            - Few voyages were better prepared than {S}. {sponsor} put up the funds, and {leader} was chosen
              as leader.
            + At the head of {S} stood {leader}, while the purse behind it was that of {sponsor}.
            + {S}, which {sponsor} financed, went south to study the ice. {leader} directed it from the
              first day to the last.
            ? leader: Who was in charge of {S}? Under whose leadership did {S} take place? Which explorer headed {S}?
              Who led {S}? Who was the commander of {S}? / By whom was {S} headed? What was the name of the person who
              ran {S}? Who acted as chief of {S}? Who stood at the head of {S}? Who directed {S} from the first day to
              the last?
            ? sponsor: Who paid for most of {S}? Which organisation funded {S}? Where did most of the money for {S}
              come from? Which body was the main sponsor of {S}? / Which institution bore the expenses of {S}? Who was
              the principal backer of {S}? Who financed {S}? Whose purse was behind {S}?
            """,
            opening=True,
        ),
        fact(
            "departure",
            """
            - The ship sailed from {port} in {year_out} and took on coal at {call} before heading into the
              pack ice.
            - In {year_out} {S} put to sea from {port}; its last stop in inhabited lands was {call}, where
              the bunkers were filled.
            - {port} was the port of departure. The ropes were cast off in {year_out}, and the vessel called
              at {call} for fuel.
            - Crowds lined the quay at {port} when {S} left in {year_out}. At {call} more coal was brought
              aboard.
            + {S} weighed anchor at {port} in {year_out}. It refuelled in {call}, the only halt on the
              outward passage.
            + The journey started at {port}; that was in {year_out}. A short call at {call} served to load
              coal.
            ? port: From which port did {S} set out? Where did the voyage of {S} begin? What was the starting point of
              {S}? Which town did {S} depart from? / Where did the ship of {S} set off? In which harbour did {S} start
              its journey? Where did {S} weigh anchor?
            ? year_out: In what year did {S} set out? When did {S} leave home? In which year did the ship of {S}
              depart? What year saw the start of {S}? / When did {S} get under way? In which year did the outward
              voyage of {S} begin? In which year did {S} weigh anchor? In what year was the start of the journey?
            ? call: Where did the ship of {S} take on fuel? At which place was coal loaded on the way south? In what
              town did {S} stop for coal? Where was the last stop before the ice? / Which port supplied {S} with coal
              during the voyage out? Where did {S} interrupt its outward voyage to refuel? Where did {S} refuel? Which
              town did {S} call at to load coal?
            """,
        ),
        fact(
            "staff",
            """
            - The rocks were the business of {geologist}, the sick were treated by {doctor}, and
              {photographer} took the pictures.
            - {geologist} had been engaged as geologist and {doctor} as surgeon; the camera was entrusted to
              {photographer}.
            - Among the staff were {doctor}, a physician, {photographer}, who recorded everything on glass
              plates, and {geologist}, an expert on minerals.
            - Medical care lay in the hands of {doctor}. {photographer} was hired to photograph the journey,
              and the study of the rocks fell to {geologist}.
            + {photographer} handled the cameras, {geologist} gathered stones and fossils, and {doctor}
              looked after the health of the men.
            + For the geology of the coast {geologist} was responsible; {doctor} served as medical officer,
              and the photographs are the work of {photographer}.
            ? geologist: Who was the geologist of {S}? Which member of {S} studied the rocks? Who was responsible for
              minerals on {S}? Whose task was the geological work? / Who examined the rocks on {S}? Who was the expert
              on stones during {S}? Who gathered stones and fossils on {S}? Who was responsible for the geology of the
              coast?
            ? doctor: Who was the doctor of {S}? Which member of {S} cared for the sick? Who treated members of {S}
              when they fell ill? Who served {S} as physician? / Who provided medical treatment on {S}? Which person
              on {S} worked as its doctor? Who looked after the health of the men? Who served {S} as medical officer?
            ? photographer: Who was the photographer of {S}? Who took the photographs on {S}? Whose job was it to take
              pictures of {S}? Which member of {S} worked with the camera? / Who documented {S} in pictures? To whom
              do we owe the photographs of {S}? Who handled the cameras of {S}? Whose work are the photographs of {S}?
            """,
        ),
        fact(
            "route",
            """
            - The party went ashore at {landing}, built its winter hut at {winter} and laid its southernmost
              store of food at {depot}.
            - {landing} was where the men first set foot on land. They spent the dark months in a hut at
              {winter}, and their most distant depot stood at {depot}.
            - Having landed at {landing}, the men wintered at {winter}; the cache farthest to the south was
              made at {depot}.
            - A hut was put up at {winter} for the winter, and supplies were buried at {depot}, the southern
              limit of the sledging. The landing itself had been made at {landing}.
            + The boats reached the shore at {landing}. Winter quarters were set up at {winter}, while
              {depot} marked the last of the food stores to the south.
            + {depot} was the site of the most southerly food cache, {winter} that of the house in which the
              men passed the winter, and {landing} the spot where they had first come ashore.
            ? landing: Where did the men of {S} first go ashore? At what place did {S} land? Where did members of {S}
              first step on land? What was the landing place of {S}? / Where did {S} disembark? At which spot did {S}
              reach the coast? Where did the boats of {S} reach the shore? What was the spot where the men first came
              ashore?
            ? winter: Where did {S} spend the winter? Where was the hut of {S}? At which place did the men live during
              the dark season? Where were the winter quarters of {S}? / At which site did {S} stay through the winter?
              Where did the men of {S} live while it was dark? Where were the winter quarters set up? Where was the
              house in which the men passed the winter?
            ? depot: Where was the southernmost depot of {S}? At what place was food stored farthest south? Where did
              {S} leave its most distant supplies? Where did the chain of food stores end in the south? / What was the
              location of the last depot to the south? Where did {S} lay its most southern store of provisions? What
              was the site of the most southerly food cache?
            """,
        ),
        fact(
            "times",
            """
            - The start was put off by {delay}, the sledge journey took {march}, and a single gale kept
              everyone in the tents for {storm}.
            - A gale once lasted {storm}. The march over the ice required {march}, and {S} had already left
              {delay} late.
            - {S} sailed {delay} behind schedule. The men were on the ice with their sledges for {march};
              during one storm nobody could go outside for {storm}.
            - For {march} the men hauled their sledges. Once a blizzard confined them to their sleeping bags
              for {storm}, and even the departure had slipped by {delay}.
            + Departure came {delay} later than planned. The sledging lasted {march} in all, of which
              {storm} on end were lost to a tempest.
            + A tempest raged for {storm} without a pause; the whole trek with the sledges occupied {march}.
              Before that, {S} had waited {delay} to get away.
            ? delay: How late did {S} leave? By how much was the start of {S} delayed? How long was the departure of
              {S} postponed? How far behind schedule did {S} set sail? / How long was the delay before {S} departed?
              By what time span did {S} miss its planned start? How much later than planned was the departure? How
              long had {S} waited to get away?
            ? march: How long did the sledge journey of {S} last? How much time did the march across the ice take? For
              how long were the men travelling by sledge? What was the duration of the sledging? / How long did the
              men of {S} travel with sledges? How much time was spent on the sledge trip? How long did the sledging of
              {S} last in all? How much time did the whole trek with the sledges occupy?
            ? storm: How long did the worst storm keep the men inside? What was the length of the storm? For how long
              did bad weather trap the men? How long were the men shut in by the storm? / For how long did the storm
              blow? How much time did the men lose to the storm? For how long did a tempest rage? How much time was
              lost to a tempest?
            """,
        ),
        fact(
            "reasons",
            """
            - {S} started late because {late_reason}. The eastern route was preferred because
              {route_reason}.
            - The coast to the east was chosen as {route_reason}. That the ship sailed so late had another
              cause: {late_reason}.
            - Since {late_reason}, nobody could leave on the appointed day. The leaders settled on the
              eastern route because {route_reason}.
            - The reason for the late start was simple: {late_reason}. The way along the east was taken
              since {route_reason}.
            + The departure had to be postponed, for {late_reason}. Everyone favoured the eastern route
              because {route_reason}.
            + They travelled east since {route_reason}; they had set off later than intended because
              {late_reason}.
            ? late_reason: Why did {S} start late? Why could {S} not leave on time? What held up the departure of {S}?
              For what reason was the start of {S} delayed? / What was the cause of the late departure of {S}? Why did
              {S} not set out as planned? Why did the departure have to be postponed? Why had {S} set off later than
              intended?
            ? route_reason: Why did {S} take the eastern route? What spoke for the route in the east? Why was the
              eastern way chosen? For what reason did {S} go along the east coast? / Why did {S} decide on the route
              through the east? What made {S} travel along the eastern coast? Why was the eastern route favoured by
              everyone? Why did they travel east?
            """,
        ),
        fact(
            "trouble",
            """
            - The second mate was dismissed because {sack_reason}. Later the southern march was broken off
              because {back_reason}.
            - On the plateau the men gave up since {back_reason}. One man, the second mate, had been sent
              home before that because {sack_reason}.
            - As {back_reason}, the march to the south ended early. The second mate lost his post for
              another reason: {sack_reason}.
            - The second mate was put ashore, for {sack_reason}. In the end the southern party turned round
              because {back_reason}.
            + The attempt to go farther south was abandoned because {back_reason}. The second mate was no
              longer there, having been discharged since {sack_reason}.
            + What ended the career of the second mate was this: {sack_reason}. The men gave up the southern
              journey, for {back_reason}.
            ? sack_reason: Why was the second mate dismissed? Why did the second mate lose his position? For what
              reason was the second mate sent away? What led to the dismissal of the second mate? / Why was the second
              mate removed from {S}? What was the reason for getting rid of the second mate? What ended the career of
              the second mate? Why had the second mate been discharged?
            ? back_reason: Why did the southern party turn back? Why was the march to the south given up? What forced
              the men to end their journey south? For what reason did the southern march come to an end? / What made
              the men return before reaching the far south? Why did {S} stop its advance to the south? Why was the
              attempt to go farther south abandoned? Why did the men give up the journey to the far south?
            """,
        ),
        fact(
            "stores",
            """
            - Of the provisions {item_out} ran out first. Some {item_feast} was kept for midwinter day,
              {item_left} was left behind to lighten the sledges, and {item_gift} was given to a crew of
              whalers.
            - The men saved {item_feast} for the midwinter feast and handed {item_gift} to passing whalers;
              {item_out} was the first thing to be used up, and {item_left} was thrown off the sledges.
            - To save weight they abandoned {item_left}. The first shortage was of {item_out}. Whalers
              received {item_gift} as a present, and midwinter was celebrated with {item_feast}.
            - Midwinter was marked with {item_feast}. There was soon no more {item_out}; {item_left} was
              dumped in the snow because of its weight, and {item_gift} went to whalers as a gift.
            + Nothing was exhausted sooner than {item_out}. A present of {item_gift} was made to the
              whalers, {item_left} was discarded on the march, and on midwinter day everyone had
              {item_feast}.
            + Everyone received {item_feast} at midwinter. The sledges were made lighter by discarding
              {item_left}, some whalers were presented with {item_gift}, and {item_out} was the earliest of
              the stores to be finished.
            ? item_out: Which supply ran out first? What were the men the first to be short of? What did {S} use up
              before anything else? Of what was there soon nothing left? / Which of the stores came to an end first?
              What was the first provision that {S} no longer had? Which of the stores was finished the earliest? What
              was exhausted sooner than anything else?
            ? item_left: What was left behind to save weight? What did the men throw away because the sledges were too
              heavy? Which supply was abandoned on the ice? What did the men get rid of to make the sledges lighter? /
              What did the men drop to reduce the load of the sledges? Which of the stores was discarded? What was
              discarded on the march? By discarding what were the sledges made lighter?
            ? item_feast: What did the men enjoy at midwinter? What was saved for the midwinter celebration? What was
              served on midwinter day? With what did {S} celebrate midwinter? / What treat was there in the middle of
              the winter? What did the men get for the midwinter party? What did everyone have on midwinter day? What
              did everyone receive at midwinter?
            ? item_gift: What did the whalers get? What was given away to whalers? What did {S} give to the whaling
              crew? Which present did the whalers receive? / What gift did {S} make to the whalers? Which of the
              stores was given to the whaling men? Of what was a present made to the whalers? With what were some
              whalers presented?
            """,
        ),
        fact(
            "finds",
            """
            - On the beach the scientists came across {find_one}, under the glacier they discovered
              {find_two}, and from the plateau they reported {find_three}. The greatest stir at home was
              caused by {prize}.
            - Science owes {S} several discoveries: {find_three} on the plateau, {find_one} on the beach and
              {find_two} beneath the glacier. Newspapers wrote most about {prize}.
            - Of all the discoveries {prize} became the most famous. {find_two} had been hidden under the
              glacier; {find_one} lay on the beach, and {find_three} was seen on the plateau.
            - {find_one} was found on the beach and {find_three} on the plateau. Digging below the glacier
              brought {find_two} to light, but what excited the public was {prize}.
            + The public talked of nothing but {prize}. Yet there was also {find_one}, noticed on the beach,
              {find_two}, uncovered below the glacier, and {find_three}, met with on the plateau.
            + The plateau yielded {find_three}, the ground under the glacier {find_two}, and the beach
              {find_one}. None of these made such an impression at home as {prize}.
            ? find_one: What was found on the beach? What did the scientists discover at the seashore? Which discovery
              was made on the beach? What lay on the shore? / What did members of {S} spot on the beach? Which find
              comes from the shore? What was noticed on the beach? What did the beach yield?
            ? find_two: What was found under the glacier? What did {S} discover beneath the glacier? Which discovery
              came from below the glacier? What was hidden by the glacier? / What came to light beneath the glacier?
              Which find lay underneath the glacier? What was uncovered below the glacier? What did the ground under
              the glacier yield?
            ? find_three: What was found on the plateau? What did {S} discover on the high plain? Which discovery was
              made on the plateau? What did the scientists report from the plateau? / What did the men come upon on
              the plateau? Which find was made up on the plateau? What was met with on the plateau? What did the
              plateau yield?
            ? prize: Which discovery of {S} became the most famous? What aroused the most interest at home? Which find
              did the public care about most? What caused the greatest excitement among the public? / Which find of
              {S} attracted the most attention? What impressed people at home the most? What did the public talk of?
            """,
        ),
        fact(
            "return",
            """
            - {S} came home to {home} in {year_back}. Its official account was published in {year_book}, and
              a postage stamp honoured it in {year_stamp}.
            - In {year_back} the ship tied up at {home}. Readers had to wait for the book until {year_book};
              a commemorative stamp followed in {year_stamp}.
            - The men returned in {year_back}, landing at {home}. The story of the journey appeared in print
              in {year_book}, and in {year_stamp} the post office issued a stamp.
            - A book about {S} came out in {year_book}, and a stamp in {year_stamp}. The voyage itself had
              ended at {home} in {year_back}.
            + {year_back} brought the homecoming, with a reception at {home}. The narrative reached the
              bookshops in {year_book}, and since {year_stamp} there has been a stamp as well.
            + The ship was back by {year_back} and anchored off {home}. Its story went to press in
              {year_book}; the stamp in its memory dates from {year_stamp}.
            ? home: Where did {S} end? At which port did {S} arrive on its return? Where did the ship of {S} come
              home? In which town were the returning men received? / What was the final port of {S}? Where did {S}
              finish its voyage? Where did the reception for the homecoming take place? Where did the ship of {S}
              anchor when it was back?
            ? year_back: In what year did {S} return? When did the men of {S} come home? In which year did the voyage
              end? When was {S} over? / When did {S} arrive back? In which year did {S} get home? Which year brought
              the homecoming of {S}? By which year was the ship of {S} back?
            ? year_book: When was the account of {S} published? In what year did the book about {S} appear? When could
              the public read about {S}? In which year was the official report printed? / When was a book on {S}
              brought out? When did the story of {S} appear in print? When did the narrative reach the bookshops? When
              did the story of {S} go to press?
            ? year_stamp: When was a stamp issued in honour of {S}? In what year did {S} appear on a postage stamp?
              When did the post office commemorate {S}? In which year was the stamp released? / When did {S} get its
              own stamp? In which year was {S} remembered with a stamp? From which year does the stamp in memory of
              {S} date?
            """,
            rank=9,
        ),
        fact(
            "bodies",
            """
            - The collections were handed to {museum}, {society} awarded a gold medal, and {newspaper} had
              bought the right to print the first report.
            - The first report could be read in {newspaper}. {society} honoured the men with a gold medal,
              and their specimens went to {museum}.
            - {museum} received everything that had been collected. A gold medal came from {society}; the
              exclusive story belonged to {newspaper}.
            - Exclusive rights to the story were held by {newspaper}. The specimens are kept at {museum},
              and a gold medal was granted by {society}.
            + {newspaper} was the first to carry the news. The gold medal was bestowed by {society}, whereas
              the collections became the property of {museum}.
            + All specimens ended up at {museum}; {society} decorated the men with its gold medal, and only
              {newspaper} was allowed to run the first story.
            ? museum: Where did the specimens of {S} go? Which institution received the collections of {S}? Who keeps
              the objects that {S} collected? To whom was the collected material given? / Which institution owns the
              specimens from {S}? Where is the material gathered by {S} held? Whose property did the collections
              become? Where did all the specimens end up?
            ? society: Which body gave {S} a gold medal? Who awarded the gold medal? From which society did the men
              receive a medal? Which organisation honoured {S} with a medal? / Who presented the medal to the men of
              {S}? Which body recognised {S} with gold? By which body was the gold medal bestowed? Which society
              decorated the men with its gold medal?
            ? newspaper: Which newspaper printed the first report of {S}? Who had bought the story of {S}? Which paper
              had exclusive rights to the news? Where was the first report of {S} published? / Which newspaper was
              first to tell the story of {S}? Which paper could report on {S} before all others? Which newspaper was
              the first to carry the news? Which newspaper was allowed to run the first story?
            """,
        ),
        fact(
            "figures",
            """
            - No fewer than {volunteers} people had applied to join; {dogs} dogs pulled the sledges, and
              {plates} photographs were brought home.
            - {S} kept {dogs} dogs and returned with {plates} photographs. At the beginning it had been able
              to choose from {volunteers} applicants.
            - There were {plates} pictures in the archive of {S}, taken by men who had been picked out of
              {volunteers} candidates, and {dogs} dogs in its kennels.
            - Places were so sought after that {volunteers} men and women offered to go. On board were
              {dogs} dogs; the photographic record came to {plates} plates.
            + {volunteers} hopefuls had written to ask for a place. The photographs numbered {plates}, the
              dogs {dogs}.
            + The camera was used {plates} times and the kennels housed {dogs} dogs. As many as {volunteers}
              volunteers had come forward.
            ? volunteers: How many people wanted to join {S}? How many applications did {S} receive? What was the
              number of candidates for {S}? How many people offered to take part in {S}? / How many persons tried to
              become members of {S}? How many people volunteered for {S}? How many hopefuls had written to ask for a
              place? How many volunteers had come forward?
            ? dogs: How many dogs did {S} have? What was the number of dogs? How many dogs travelled with {S}? How
              many sledge dogs were there? / How many dogs belonged to {S}? How many animals pulled the sledges of
              {S}? How many dogs did the kennels of {S} house?
            ? plates: How many photographs did {S} bring back? How many pictures were taken on {S}? What was the
              number of photographs? How many pictures does the archive of {S} hold? / How many photos were made
              during {S}? How large was the photographic record of {S}? How many times was the camera used?
            """,
        ),
        fact(
            "measures",
            """
            - In all the men covered {distance} on foot. Each sledge bore {load}, and the highest camp was
              pitched at {height}.
            - The highest camp lay at {height} above the sea. The walk there and back measured {distance},
              and the men dragged {load} on every sledge.
            - Every sledge weighed {load} when loaded. With these the men walked {distance}, climbing to a
              camp at {height}.
            - The total march came to {distance}; the camp at the top stood at {height}, and a full sledge
              carried {load}.
            + They marched {distance} altogether, with {load} on each sledge, and slept at {height} in their
              uppermost camp.
            + A sledge was packed with {load}. The men hauled it for {distance} and up to {height}, where
              the last tent stood.
            ? distance: How far did the men walk? What distance did the men cover on foot? How long was the march of
              {S} in kilometres? What was the length of the whole walk? / How far did the men of {S} travel over the
              ice? What was the total distance of the march? How far did the men march altogether? For what distance
              did the men haul the sledge?
            ? load: How heavy was a loaded sledge? How much did each sledge carry? What was the weight on every
              sledge? What load did a sledge bear? / How much weight was there on one sledge? What did the load of a
              sledge weigh? With what load was a sledge packed?
            ? height: At what altitude was the highest camp? How high was the top camp of {S}? What was the elevation
              of the highest camp? How far above the sea did the men camp? / To what height did the men of {S} climb?
              How high up was the last tent? At what height did the men sleep in their uppermost camp?
            """,
        ),
        fact(
            "rival",
            """
            - The great rival of {S}, {R}, was led by {rival_leader} and sailed from {rival_port} in
              {rival_year}.
            - {rival_leader} commanded {R}, the competitor, which left {rival_port} in {rival_year}.
            - A second venture, {R}, started from {rival_port} in {rival_year} with {rival_leader} at its
              head.
            - In {rival_year} {R} also went south; it began at {rival_port}, and its commander was
              {rival_leader}.
            + There was a competitor: {R}, under {rival_leader}, put to sea from {rival_port} in
              {rival_year}.
            + {R}, directed by {rival_leader}, had the same goal. {rival_year} was the year in which it cast
              off at {rival_port}.
            ? rival_leader: Who led {R}? Who was in charge of {R}? Which explorer headed {R}? Who was the leader of
              the rival, {R}? / By whom was {R} headed? Who ran {R}? By whom was {R} directed? Under whom did {R} put
              to sea?
            ? rival_year: In what year did {R} set out? When did {R} leave? In which year did {R} depart? What year
              saw the start of {R}? / When did {R} get under way? In which year did {R} begin its journey? In what
              year did {R} put to sea? In which year did {R} cast off?
            ? rival_port: From which port did {R} set out? Where did {R} begin? Which town did {R} depart from? What
              was the starting point of {R}? / Where did {R} set off? In which harbour did {R} start? From where did
              {R} put to sea? Where did {R} cast off?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - {skipper} sailed the ship and {cook} did the cooking. The latter had kept an inn in
              {cook_town} before {cook:she} joined {S}.
            - The ship was commanded by {skipper}. In the galley worked {cook}; {cook:she} had been an
              innkeeper in {cook_town}.
            - {cook} once kept an inn in {cook_town}. On {S} {cook:she} prepared the meals, while {skipper}
              was captain of the ship.
            - {skipper} and {cook} had known each other for years. The former was captain of the ship; the
              latter, who had run an inn in {cook_town}, was hired as cook.
            + As captain {skipper} was responsible for the ship. The meals were made by {cook}, who had
              owned an inn in {cook_town} in {cook:her} younger years.
            + {cook} stood in the galley and {skipper} on the bridge. The former had earlier been the owner
              of an inn in {cook_town}, the latter was an experienced captain.
            ? skipper: Who was the captain of the ship? Who commanded the ship of {S}? Who sailed the ship? By whom
              was the ship commanded? / Which captain took {S} south? Who was responsible for the ship? Who stood on
              the bridge?
            ? cook: Who was the cook of {S}? Who did the cooking? Who prepared the meals on {S}? By whom were the
              meals prepared? / Who made the meals for the men? Who worked in the kitchen of the ship? Who stood in
              the galley?
            ? cook_town: Where had {cook} kept an inn? In which town was the inn of {cook}? Where did {cook} run an
              inn? In what town had {cook} been an innkeeper? / Where was {cook} the owner of an inn? What was the
              place of the inn of {cook}? In what town had {cook} owned an inn?
            """,
        ),
    ),
    fillers=wordings(
        """
        - The diaries of the men show how much they depended on each other.
        - Historians still argue about whether {S} was well planned.
        - On clear nights the men could read by the light of the moon.
        - Nothing was wasted, not even the wooden crates.
        - The weather of that season was recorded with great care.
        - Several songs written on board are still sung today.
        + Letters from the voyage describe the silence of the ice.
        + Scholars have judged {S} very differently over time.
        + The ship's cat became something of a celebrity.
        + Most of the equipment had been tested beforehand.
        """
    ),
)
