"""Passages about the life of a scholar; the subject is a person, so references to her or him are pronouns."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Date, DateAfter, Duration, Money, Person, Pick, Town, organisation

BIOGRAPHY = Kind(
    name="biography",
    subject=(("person", ""),),
    slots={
        "person": Person(),
        "birthplace": Town(),
        "school": Town(),
        "house": Town(),
        "grave": Town(),
        "job_father": Pick(AnswerType.OCCUPATION, "jobs"),
        "job_first": Pick(AnswerType.OCCUPATION, "jobs"),
        "job_war": Pick(AnswerType.OCCUPATION, "jobs"),
        "job_dream": Pick(AnswerType.OCCUPATION, "jobs"),
        "teacher": Person(),
        "spouse": Person(unlike="person"),
        "patron": Person(),
        "pupil": Person(),
        "date_born": Date(1820, 1920),
        "date_married": DateAfter("date_born", 8500, 12000),
        "date_prize": DateAfter("date_married", 500, 5000),
        "date_death": DateAfter("date_prize", 2000, 10000),
        "university": organisation("the University of {}", "{} University"),
        "employer": organisation("the {} Observatory", "the {} Botanical Garden", "the {} Laboratory"),
        "club": organisation("the {} Society", "the {} Club"),
        "archive": organisation("the {} Library", "the {} Archive"),
        "quit_reason": Pick(AnswerType.REASON, "quit"),
        "medal_reason": Pick(AnswerType.REASON, "medal"),
        "late_reason": Pick(AnswerType.REASON, "late"),
        "quarrel_reason": Pick(AnswerType.REASON, "quarrel"),
        "study_time": Duration("years", 3, 9),
        "voyage_time": Duration("months", 4, 20),
        "write_time": Duration("weeks", 5, 20),
        "ill_time": Duration("days", 22, 95),
        "prize_money": Money(10_000, 90_000, 1_000),
        "salary": Money(400, 2_400, 50),
        "house_price": Money(3_000, 9_900, 100),
        "debt": Money(110, 390, 5),
        "papers": Amount(80, 300),
        "letters": Amount(1_100, 9_000, 10),
        "species": Amount(14, 70),
        "editions": Amount(13, 45),
        "gift": Pick(AnswerType.OBJECT, "things"),
        "lost": Pick(AnswerType.OBJECT, "things"),
        "left": Pick(AnswerType.OBJECT, "things"),
        "made": Pick(AnswerType.OBJECT, "inventions"),
    },
    pools={
        "jobs": pool(
            """a clockmaker | a baker | a schoolteacher | a sailor | a tailor | a postal clerk | a farmer | a
            piano tuner | a nurse | a translator | a bookbinder | a shopkeeper | a ship's cook | a miner""",
            """a blacksmith | a weaver | a lighthouse keeper | a chemist's assistant | a violinist | a butcher |
            a stonemason | a customs officer""",
        ),
        "things": pool(
            """a brass microscope | a collection of beetles | a library of travel books | a herbarium of alpine
            plants | a silver pocket watch | an ivory chess set | a cabinet of shells | a grand piano""",
            """a set of copper scales | a collection of bird eggs | a star map on silk | an album of pressed
            seaweed""",
        ),
        "inventions": pool(
            """a folding telescope | a mechanical globe | a rain gauge | a portable darkroom | a self-winding
            barometer | an unsinkable rowing boat | a calculating disc""",
            """a marble sundial | a walking stick with a compass | a lamp for divers""",
        ),
        "quit": pool(
            """a promised pay rise never came | the director had published the results under another name | the
            dust in the building ruined the lungs of the staff | women were not admitted to the meetings | the
            post left no time for research | the building was sold to a brewery""",
            """the contract forbade travelling | colleagues kept removing the labels | the new head distrusted
            experiments | the rooms could not be heated""",
        ),
        "medal": pool(
            """it had been paid for by an arms dealer | a colleague deserved it more | the ceremony was held on
            a day of mourning | the jury had misspelt the name | it came thirty years too late""",
            """the speech was to be censored | it had once been given to a swindler | the journey to the capital
            was too tiring | its gold came from a notorious mine""",
        ),
        "late": pool(
            """the family could not pay the fees | a long illness had weakened both eyes | the only school
            nearby had burned down | the harvest needed every pair of hands | a grandmother had to be nursed""",
            """the roads were unsafe in those years | the parents distrusted books | a war had closed the
            colleges | there were five younger children to feed""",
        ),
        "quarrel": pool(
            """an inheritance had been divided unfairly | a letter had been opened without permission | a
            fence had been moved at night | a joke about the wedding was taken badly | a loan was never paid
            back""",
            """a dog had been given away | a diary had been shown to strangers | a family painting was sold in
            secret""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} was [a botanist|a geologist|an astronomer|a chemist], born in {birthplace} as the child of
              {job_father}.
            - The [naturalist|physicist|geographer] {S:full} came from {birthplace}, where the father of the
              family worked as {job_father}.
            - {S} grew up in {birthplace}, the town of {S:her} birth, in the house of {job_father} and
              became one of the best known [scholars|scientists] of the age.
            - {birthplace} is the native town of {S:full}, [an astronomer|a zoologist|a mathematician] whose
              father earned his living as {job_father}.
            + A native of {birthplace}, {S:full} was to become a famous [naturalist|chemist], although the
              father was only {job_father}.
            + Being the child of {job_father}, {S:full} seemed unlikely to become a famous
              [scholar|physicist]. The family home was in {birthplace}, and there {S:she} was born.
            ? birthplace: Where was {S} born? In which town did {S} come into the world? What is the birthplace of
              {S}? From which town did {S} come? / Where did the life of {S} begin? What is the native place of {S}?
              Where was the family home in which {S} was born?
            ? job_father: What was the occupation of the father of {S}? What did the father of {S} do for a living?
              What was the father of {S}? How did the father of {S} earn his money? / What was the trade of the father
              of {S}? As what did the father of {S} work? Of what profession was the father of {S}? Being what did the
              father raise the child?
            """,
            opening=True,
        ),
        fact(
            "jobs",
            """
            - As a child {S} dreamed of becoming {job_dream}. {S:her} first wages were earned as
              {job_first}; in the war {S:she} served as {job_war}.
            - {S} started to earn a living as {job_first} and was employed as {job_war} during the war,
              although the childhood dream had been to be {job_dream}.
            - Before the studies {S} worked as {job_first}, and wartime turned {S:him} into {job_war}. The
              wish of {S:her} early years, to become {job_dream}, was never fulfilled.
            - War forced {S:last} to take a post as {job_war}. The very first employment had been as
              {job_first}; what {S:she} wanted to be as a child was {job_dream}.
            + {S} wished to be {job_dream} when {S:she} was small. The working life began as {job_first} and
              was interrupted by the war, in which {S:she} had to be {job_war}.
            + {S:her} earliest job was that of {job_first}. While the country was at war {S:last} found work
              as {job_war}; no one remembered any more that the great wish had been to be {job_dream}.
            ? job_dream: What did {S} want to become as a child? What was the childhood dream of {S}? What profession
              did the young {S:last} wish for? What had {S} hoped to be? / Which career did {S} long for in early
              years? What did {S} once plan to be? What did {S} wish to be when small? What had been the great wish of
              {S}?
            ? job_first: What was the first job of {S}? As what did {S} first work? How did {S} earn a living at
              first? What did {S} do before the studies? / What work did {S} begin with? In which trade did {S} start?
              As what did the working life of {S} begin? What was the earliest job of {S}?
            ? job_war: What did {S} do during the war? What was the wartime job of {S}? As what did {S} serve in the
              war? Which post did {S} have in wartime? / How was {S} employed in the years of war? What was the
              occupation of {S} in the war? What did {S} have to be when the war interrupted the working life? As what
              did {S} find work while the country was at war?
            """,
        ),
        fact(
            "people",
            """
            - {teacher} taught {S:him} mathematics, {patron} paid for the studies, and {pupil} was later the
              most gifted student. {S:last} was married to {spouse}.
            - {S} married {spouse}. The education was financed by {patron}; {teacher} gave lessons in
              mathematics. Among those whom {S:last} trained, {pupil} stood out.
            - In mathematics {S} was instructed by {teacher}. A scholarship came from {patron}, and a
              wedding with {spouse} followed. {pupil} carried on the work as favourite pupil.
            - The costs of the education were borne by {patron}. {S:last} learned mathematics from
              {teacher}, shared a home with {spouse} after the wedding and passed all knowledge on to
              {pupil}, the best disciple.
            + {S} owed the knowledge of mathematics to {teacher} and the money for the studies to {patron}.
              The name on the marriage certificate is {spouse}; {pupil} became the successor whom {S:she}
              had trained.
            + {spouse} became the partner for life. The lessons of {teacher} opened the door to mathematics,
              the generosity of {patron} that to the university, and {pupil} was the finest student {S:last}
              ever had.
            ? teacher: Who taught {S} mathematics? From whom did {S} learn mathematics? Who gave {S} lessons? Who was
              the teacher of {S}? / Who introduced {S} to mathematics? Whose classes in mathematics did {S} take? To
              whom did {S} owe the knowledge of mathematics? Whose lessons opened the door to mathematics?
            ? patron: Who paid for the education of {S}? Who financed the studies of {S}? Who supported {S} with
              money? Who made it possible for {S} to study? / Who bore the costs when {S} was a student? Whose money
              allowed {S} to study? To whom did {S} owe the money for the studies? Whose generosity opened the door to
              the university?
            ? pupil: Who was the best student of {S}? Who was the favourite pupil of {S}? Who continued the work of
              {S}? Which pupil of {S} was the most gifted? / Who learned from {S} and followed in the same path? Who
              was the most talented of those taught by {S}? Who became the successor whom {S} had trained? Who was the
              finest student of {S}?
            ? spouse: Whom did {S} marry? To whom was {S} married? Who was the spouse of {S}? With whom did {S} live
              after the wedding? / Who was wedded to {S}? Who became the partner of {S} in marriage? Whose name is on
              the marriage certificate?
            """,
        ),
        fact(
            "dates",
            """
            - {S} was born on {date_born}, married on {date_married}, received the great prize of the
              academy on {date_prize} and died on {date_death}.
            - The wedding was on {date_married}. The day of birth had been {date_born}; the highest honour,
              the prize of the academy, was awarded on {date_prize}, and death came on {date_death}.
            - Church books give {date_born} as the date of birth and {date_married} as that of the marriage.
              The academy presented its prize on {date_prize}. {S} passed away on {date_death}.
            - On {date_death} newspapers reported the death of {S:last}. The prize of the academy had been
              handed over on {date_prize}, the wedding had been celebrated on {date_married}, and the birth
              registered on {date_born}.
            + {S} came into the world on {date_born} and left it on {date_death}. {date_married} was the day
              of the wedding, {date_prize} that on which the academy bestowed its prize.
            + The life of {S:last} ended on {date_death}; it had begun on {date_born}. Rings were exchanged
              on {date_married}. The prize was accepted in the academy on {date_prize}.
            ? date_born: When was {S} born? What is the date of birth of {S}? On what date was {S} born? On which day
              did {S} come into the world? / What is the birthday of {S}? On which day did the life of {S} begin? On
              what date had the life of {S} begun?
            ? date_married: When did {S} marry? What was the date of the wedding? On what date did {S} get married?
              When was the marriage of {S}? / On which day did {S} become a married person? When was the wedding of
              {S} held? Which day was the day of the wedding? On which day were rings exchanged?
            ? date_prize: When did {S} receive the prize? On what date was the prize awarded? When did the academy
              honour {S}? On which day did {S} get the prize of the academy? / When was the academy's prize given to
              {S}? On which day was {S} distinguished with the prize? When was the prize accepted in the academy?
            ? date_death: When did {S} die? What is the date of death of {S}? On what date did {S} pass away? On which
              day did {S} die? / When did the life of {S} end? On which day did death come to {S}? On which day did
              {S} leave the world?
            """,
        ),
        fact(
            "stations",
            """
            - {S} studied at {university}, spent most of the career at {employer} and was a founder of
              {club}. The papers are kept at {archive}.
            - {archive} owns the notebooks. {S:last} was a student of {university}, then a researcher at
              {employer}; {club} was established on {S:her} initiative.
            - After a degree at {university} {S} found a position at {employer}. In later years {S:she}
              helped to found {club} and left all manuscripts to {archive}.
            - {employer} was the place of work for most of {S:her} life. {S:last} had graduated from
              {university}. {club} counts {S:him} among its founders; the manuscripts went to {archive}.
            + The degree came from {university}, the salary from {employer}. {S:last} called {club} into
              being, and anyone who wants to read the manuscripts must go to {archive}.
            + Anyone looking for {S:her} papers finds them in {archive}. {university} had been the place of
              study, {employer} that of research; the creation of {club} was also due to {S:last}.
            ? university: Where did {S} study? At which university was {S} a student? From where did {S} graduate?
              Which institution gave {S} a degree? / Where was {S} educated? At what institution did {S} get a degree?
              From which institution did the degree come? Which institution had been the place of study of {S}?
            ? employer: Where did {S} work? At which institution did {S} do research? Who employed {S} for most of the
              career? Where did {S} have a position? / Where was {S} active as a researcher? Which institution paid
              {S} for the research? From which institution did the salary of {S} come? Which institution had been the
              place of research?
            ? club: Which association did {S} help to found? What was established by {S}? Of which body was {S} a
              founder? Which organisation goes back to {S}? / Which association did {S} create? Which group was
              started by {S}? What did {S} call into being? Whose creation was due to {S}?
            ? archive: Where are the papers of {S} kept? Which institution owns the manuscripts of {S}? Where can one
              find the notebooks of {S}? To whom did {S} leave the manuscripts? / Where does one have to go to read
              what {S} wrote by hand? In which collection are the papers of {S}? Where must anyone go who wants to
              read the manuscripts? Where does anyone looking for the papers find them?
            """,
        ),
        fact(
            "towns",
            """
            - {S} went to school in {school}, lived in a house in {house} for decades and was buried in
              {grave}.
            - The grave is in {grave}. {S:her} schooldays were spent in {school}; the house in which
              {S:last} lived as an adult still stands in {house}.
            - After school in {school}, {S} settled in {house} and stayed there. The last resting place is
              {grave}.
            - {house} was the home of {S:last} for most of {S:her} life, {school} the place where {S:she}
              had gone to school. A tombstone can be seen in {grave}.
            + {S} was a pupil in {school} and a citizen of {house}. The cemetery of {grave} holds {S:her}
              remains.
            + Adult life was spent in {house}, and classes had been attended in {school}. Visitors look for
              the tomb in {grave}.
            ? school: Where did {S} go to school? In which town was the school of {S}? Where did {S} attend school?
              Where did {S} spend the schooldays? / In what town was {S} a pupil? Where did {S} have lessons as a
              child? In which town had {S} attended classes?
            ? house: Where did {S} live as an adult? In which town was the house of {S}? Where did {S} settle? What
              was the home town of the adult {S:last}? / Where did {S} reside for most of the time? In which place did
              {S} make a home? Of which town was {S} a citizen? Where did {S} spend adult life?
            ? grave: Where is {S} buried? In which town is the grave of {S}? Where was {S} laid to rest? What is the
              burial place of {S}? / Where is the tomb of {S}? In which place do the remains of {S} lie? The cemetery
              of which town holds the remains of {S}?
            """,
        ),
        fact(
            "reasons",
            """
            - {S} gave up the first post because {quit_reason}. Years later {S:she} refused a medal because
              {medal_reason}.
            - When a medal was offered, {S} declined it since {medal_reason}. {S:she} had once left a good
              position, as {quit_reason}.
            - Since {quit_reason}, {S:last} resigned from the first position. The king's medal was turned
              down for another reason: {medal_reason}.
            - As {medal_reason}, {S} sent the medal back. The resignation from the first post had been a
              protest: {quit_reason}.
            + The first employment ended with a resignation, for {quit_reason}. A medal was rejected because
              {medal_reason}.
            + {S} did not want the medal since {medal_reason}. What had driven {S:him} from the first job
              was that {quit_reason}.
            ? quit_reason: Why did {S} give up the first post? Why did {S} resign? For what reason did {S} leave a
              position? What made {S} quit? / Why did {S} not stay in the first job? What was behind the resignation
              of {S}? Why did the first employment end with a resignation? What had driven {S} from the first job?
            ? medal_reason: Why did {S} refuse the medal? Why was the medal turned down? For what reason did {S}
              decline an honour? Why did {S} send a medal back? / Why did {S} not accept the medal? What did {S} have
              against the medal? Why was a medal rejected? Why did {S} not want the medal?
            """,
        ),
        fact(
            "family",
            """
            - {S} could not begin to study until late because {late_reason}. Contact with a brother was
              broken off because {quarrel_reason}.
            - The brothers and sisters drifted apart: with one brother {S} never spoke again since
              {quarrel_reason}. The studies started late because {late_reason}.
            - Because {late_reason}, {S:last} entered university at an unusual age. A quarrel with a brother
              arose as {quarrel_reason}.
            - The studies were delayed, for {late_reason}. As {quarrel_reason}, {S} and an elder brother
              became enemies.
            + {S} was older than the other students since {late_reason}. The trouble with the brother began
              when it came out that {quarrel_reason}.
            + There was a lifelong feud with a brother because {quarrel_reason}. That {S:she} came to the
              university so late had to do with home: {late_reason}.
            ? late_reason: Why did {S} begin to study so late? Why were the studies of {S} delayed? For what reason
              did {S} enter university late? What kept {S} from studying earlier? / Why was {S} older than other
              students? What held {S} back from an early start at university? Why did {S} come to the university so
              late?
            ? quarrel_reason: Why did {S} quarrel with a brother? What caused the break between {S} and the brother?
              Why did {S} no longer speak to the brother? For what reason did the two become enemies? / Why was there
              a feud in the family? What set {S} and the brother against each other? Why was there a lifelong feud
              with a brother? How did the trouble with the brother begin?
            """,
        ),
        fact(
            "times",
            """
            - The studies took {study_time}, a research voyage {voyage_time}. {S} wrote the main work in
              just {write_time}; the last illness lasted {ill_time}.
            - For {voyage_time} {S} travelled by ship. {S:she} had been a student for {study_time} and
              finished the great book within {write_time}. The final illness went on for {ill_time}.
            - {S:last} lay ill for {ill_time} before the end. The famous book had been written in
              {write_time}, after a voyage of {voyage_time} and {study_time} of study.
            - The major book was completed in {write_time}. It drew on {study_time} at university and
              {voyage_time} at sea. {S} was sick for {ill_time} at the end of {S:her} life.
            + {S} needed {study_time} for the degree and {write_time} for the masterpiece; {voyage_time}
              were spent on the oceans and, at the last, {ill_time} in a sickbed.
            + At sea {S} passed {voyage_time}, in lecture rooms {study_time}, at the desk with the
              masterpiece {write_time}, and {ill_time} in bed before death.
            ? study_time: How long did {S} study? For how long was {S} a student? How much time did the studies take?
              How long was {S} at university? / How long did it take {S} to get a degree? For what period did {S}
              attend lectures? How much time did {S} need for the degree? How much time did {S} pass in lecture rooms?
            ? voyage_time: How long was the voyage of {S}? For how long did {S} travel by ship? How much time did {S}
              spend at sea? How long did the research voyage last? / For what period was {S} on the ocean? How long
              was {S} on board? How much time was spent on the oceans? How much time did {S} pass at sea?
            ? write_time: How long did it take to write the main work? In what time did {S} finish the great book? How
              much time did the writing of the book take? How long did {S} work on the famous book? / How quickly did
              {S} write the masterpiece? For how long was {S} busy writing the masterpiece? How much time did {S} need
              for the masterpiece? How much time did {S} pass at the desk with the masterpiece?
            ? ill_time: How long did the last illness of {S} last? For how long was {S} ill before the end? How long
              was {S} sick? What was the length of the final illness? / How much time did {S} spend in a sickbed? How
              long did {S} suffer before dying? How much time did {S} pass in bed before death?
            """,
        ),
        fact(
            "money",
            """
            - As a student {S} had a debt of {debt}. The first annual salary was {salary}, the house cost
              {house_price}, and the prize was worth {prize_money}.
            - {S:last} won {prize_money} with the prize, bought the house for {house_price}, began with a
              yearly salary of {salary} and had owed {debt} when a student.
            - The prize brought {prize_money}, more than anyone in the family had ever seen. The student had
              owed {debt}; the young researcher was paid {salary} a year and later spent {house_price} on a
              house.
            - For the house {S} laid out {house_price}. By then the {debt} owed since the student years had
              been repaid out of a salary of {salary} a year. The prize came with {prize_money}.
            + A year of work was rewarded with {salary} in the beginning, and the prize with {prize_money}.
              The bill for the house came to {house_price}; student life had left {S:him} {debt} in the red.
            + {S} left the university owing {debt}, earned {salary} in the first year, gave {house_price}
              for a house and was handed {prize_money} by the academy.
            ? debt: How much did {S} owe as a student? How large was the debt of {S}? What sum did the student owe?
              How much money had {S} borrowed? / How deep in debt was {S} after the studies? What amount did {S} have
              to pay back? How far in the red had student life left {S}? What sum was {S} owing on leaving the
              university?
            ? salary: How much did {S} earn at first? What was the first salary of {S}? How much was {S} paid a year?
              What did {S} get for a year of work? / What were the yearly earnings of {S} in the beginning? How much
              did the first employer pay {S}? With what was a year of work rewarded in the beginning? How much did {S}
              earn in the first year?
            ? house_price: How much did {S} pay for the house? What did the house cost? What was the price of the
              house? How much money did {S} spend on a home? / For what sum did {S} buy the house? How expensive was
              the house of {S}? To what sum did the bill for the house come? How much did {S} give for a house?
            ? prize_money: How much was the prize worth? How much money did {S} win? What sum came with the prize? How
              much did the academy give {S}? / What did {S} get from the academy in money? How high was the prize?
              With what sum was the prize rewarded? How much was {S} handed by the academy?
            """,
        ),
        fact(
            "figures",
            """
            - {S} published {papers} papers, wrote {letters} letters and named {species} species. The main
              book went through {editions} editions.
            - There were {editions} editions of the main book. {letters} letters by {S:him} are known,
              {papers} articles appeared in print, and {species} species bear names that {S:last} gave them.
            - Of the {papers} articles by {S:last} few are still read, but the {species} species described
              by {S:him} are. The book saw {editions} editions; the letters number {letters}.
            - {species} species were named by {S:last}, who also left {letters} letters and {papers} papers.
              The principal work was printed in {editions} editions.
            + The list of {S:her} articles has {papers} entries, that of the letters {letters}. {species}
              living things owe their names to {S:him}. The book had to be printed {editions} times.
            + {letters} pieces of mail in {S:her} hand survive. {S:last} gave names to {species} species;
              there are {papers} publications, and {editions} editions of the book were sold.
            ? papers: How many papers did {S} publish? How many articles did {S} write? What is the number
              of papers by {S}? How many scientific articles are there by {S}? / How many publications does
              {S} have to {S:her} name? How long is the list of articles by {S}?
            ? letters: How many letters did {S} write? How many letters by {S} are known? What is the number
              of letters? How many letters did {S} leave behind? / How many pieces of mail by {S} exist? How
              many letters have survived?
            ? species: How many species did {S} name? How many species did {S} describe? How many living
              things were named by {S}? What is the number of species? / How many species have their name
              from {S}? To how many species did {S} give a name?
            ? editions: How many editions did the main book have? How many editions were printed? In how
              many editions did the work appear? How many times was the book published? / How often was the
              book of {S} printed? How many editions of the book did people buy?
            """,
        ),
        fact(
            "things",
            """
            - The queen made {S:him} a present of {gift}. {S:last} designed {made}, lost {lost} in a fire
              and bequeathed {left} to the town.
            - A fire destroyed {lost}. The town inherited {left}; {gift} had been a present from the queen,
              and {S:last} constructed {made} with {S:her} own hands.
            - Under the will of {S:last} the town received {left}. {S:her} own invention was {made}. Flames
              consumed {lost}, but {gift}, given by the queen, was saved.
            - {S} built {made} alone and was honoured by the queen with {gift}. Through a fire {S:she} was
              deprived of {lost}; to the town {S:she} left {left}.
            + With {gift} the queen expressed her thanks. What {S:last} thought out and assembled alone was
              {made}; what burned was {lost}; what the citizens were left in the will was {left}.
            + The will gave {left} to the citizens. {lost} went up in flames. {S:last} was proudest of
              {made}, an invention of {S:her} own, and of {gift}, which the queen had sent.
            ? gift: What did the queen give {S}? What present did {S} receive? What was a gift to {S} from the queen?
              With what did the queen honour {S}? / What did {S} get from the queen? How did the queen show her thanks
              to {S}? With what did the queen express her thanks? What had the queen sent?
            ? made: What did {S} build? What did {S} invent? What was designed by {S}? What did {S} make with {S:her}
              own hands? / What is the invention of {S}? What was created by {S} without help? What had {S} thought
              out and assembled alone? Of which invention was {S} proud?
            ? lost: What did {S} lose in the fire? What was destroyed by fire? What did the flames consume? What was
              burned? / What did the fire take from {S}? What did {S} no longer have after the fire? What burned? What
              went up in flames?
            ? left: What did {S} leave to the town? What did the town inherit? What was bequeathed by {S}? What did
              the town get under the will? / What did the citizens receive after the death of {S}? What is in the will
              of {S} for the town? What were the citizens left in the will? What did the will give to the citizens?
            """,
        ),
    ),
    fillers=wordings(
        """
        - {S:last} is said to have worked standing up.
        - Contemporaries describe a quiet person with a sharp wit.
        - Music was the only distraction from work.
        - Several streets and a crater on the moon bear the name {S:last}.
        - The diaries were not published until much later.
        - Friends admired the patience with which every result was checked.
        + A shy smile can be seen in the few surviving portraits.
        + Long walks before breakfast were a habit of a lifetime.
        + Schoolbooks still mention the name {S:last}.
        + Visitors were received in the garden even in winter.
        """
    ),
)
