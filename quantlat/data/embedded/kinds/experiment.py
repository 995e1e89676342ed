"""Passages about a study of animal behaviour, its staff, groups and results."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Duration, Money, Person, Pick, Town, Year, organisation

EXPERIMENT = Kind(
    name="experiment",
    subject=(
        ("the <stem> Study", "the study"),
        ("the <stem> Experiment", "the experiment"),
        ("the <stem> Trial", "the trial"),
    ),
    rival=("the <stem> Project", "the <stem> Survey"),
    slots={
        "lead": Person(),
        "statistician": Person(),
        "keeper": Person(),
        "critic": Person(),
        "animal": Pick(AnswerType.OBJECT, "animals"),
        "animal_pilot": Pick(AnswerType.OBJECT, "animals"),
        "animal_control": Pick(AnswerType.OBJECT, "animals"),
        "animal_dropped": Pick(AnswerType.OBJECT, "animals"),
        "food_first": Pick(AnswerType.ITEM, "foods"),
        "food_second": Pick(AnswerType.ITEM, "foods"),
        "food_third": Pick(AnswerType.ITEM, "foods"),
        "food_reward": Pick(AnswerType.ITEM, "foods"),
        "university": organisation("the University of {}", "the {} Institute"),
        "funder": organisation("the {} Foundation", "the {} Endowment"),
        "journal": organisation("the {} Review", "the {} Journal"),
        "board": organisation("the {} Council", "the {} Board"),
        "lab": Town(),
        "meeting": Town(),
        "repeat_town": Town(),
        "farm": Town(),
        "year_idea": Year(1955, 2000),
        "year_start": Year(1, 6, after="year_idea"),
        "year_paper": Year(2, 6, after="year_start"),
        "year_repeat": Year(2, 12, after="year_paper"),
        "heat": Amount(14, 38, unit="degrees"),
        "dose": Amount(20, 400, 5, "milligrams"),
        "cage": Amount(2, 9, unit="square metres"),
        "noise": Amount(41, 88, unit="decibels"),
        "animals_total": Amount(110, 900, 2),
        "runs": Amount(1_200, 9_000, 50),
        "lost": Amount(13, 39),
        "cameras": Amount(40, 99),
        "phase": Duration("weeks", 5, 20),
        "rest": Duration("days", 3, 25),
        "task": Duration("minutes", 4, 45),
        "memory": Duration("months", 3, 15),
        "early_reason": Pick(AnswerType.REASON, "early"),
        "night_reason": Pick(AnswerType.REASON, "night"),
        "doubt_reason": Pick(AnswerType.REASON, "doubt"),
        "remove_reason": Pick(AnswerType.REASON, "remove"),
        "cost_cages": Money(10_000, 80_000, 1_000),
        "cost_wages": Money(100_000, 800_000, 5_000),
        "cost_food": Money(1_000, 9_500, 100),
        "award": Money(81_000, 99_000, 1_000),
        "rival_lead": Person(),
        "rival_town": Town(),
        "rival_year": Year(1955, 2015),
        "builder": Person(),
        "painter": Person(),
        "painter_town": Town(),
    },
    pools={
        "animals": pool(
            """honeybees | field mice | ravens | octopuses | goats | zebra finches | crayfish | hedgehogs | tree
            frogs | squirrels | parrots | tortoises | guppies""",
            """bumblebees | rats | magpies | lizards | sheep | pigeons | hamsters | dragonflies""",
        ),
        "foods": pool(
            """sunflower seeds | dried shrimps | apple slices | sugar water | boiled rice | carrots | walnuts |
            oat flakes | melon | earthworms | peanut butter""",
            """corn kernels | banana | cucumber | hazelnuts | yoghurt | wheat bran | blackberries""",
        ),
        "early": pool(
            """the result was already beyond doubt | the grant had been spent | a storm had damaged the roof of
            the laboratory | the animals no longer took any interest | a virus had spread in the cages""",
            """the recordings filled every disk | the building had to be evacuated | most of the animals had
            started to hibernate""",
        ),
        "night": pool(
            """the animals were calmer in the dark | builders were drilling during the day | the electricity was
            cheaper | a red lamp could be used then | visitors disturbed the measurements by day""",
            """the heat of the day made the animals sleepy | the trains nearby did not run then | the sensors
            were dazzled by sunlight""",
        ),
        "doubt": pool(
            """the observers knew which group was which | two tables contradicted each other | the animals came
            from a single breeder | the control group was far too small | nobody had checked the clocks""",
            """the sample had been chosen by hand | one graph lacked a scale | the scales had not been
            calibrated""",
        ),
        "remove": pool(
            """it opened every cage | it had learned to imitate the signal | it slept through each task | it stole
            the food of the others | it bit the assistants""",
            """it watched the observers instead of the screen | it had chewed through the cables | it frightened
            the rest of its group""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S}, led by {lead} of {university}, examined how well {animal} remember a path.
            - How well can {animal} find their way? {S}, carried out at {university} under {lead}, set out
              to answer this question.
            - At {university} {lead} directed {S}, which tested the memory of {animal}.
            - {S} was a piece of research on the memory of {animal}. {lead} was in charge; it was done at
              {university}.
            + {S} dealt with the sense of direction of {animal}. The head of the team was {lead}, and its
              home was {university}.
            + The memory of {animal} was the subject of {S}. {university} provided the rooms, {lead} the
              leadership.
            ? lead: Who led {S}? Who was in charge of {S}? Who directed {S}? Which researcher was responsible for {S}?
              / Who was the head of {S}? Under whose direction was {S} done? Who was the head of the team? Who
              provided the leadership of {S}?
            ? university: Where was {S} carried out? At which institution was {S} done? To which institution
              did the leader of {S} belong? Which institution was the home of {S}? / Which institution
              provided the rooms for {S}? At what institution did the team of {S} work?
            ? animal: Which animals were examined in {S}? What animals did {S} test? Whose memory was tested in {S}?
              Which animals was {S} about? / With which animals did {S} deal? What kind of animal was the subject of
              {S}? With whose sense of direction did {S} deal? The memory of which animals was the subject of {S}?
            """,
            opening=True,
        ),
        fact(
            "animals",
            """
            - The method was first tried out on {animal_pilot}. For comparison {animal_control} were tested
              as well, whereas {animal_dropped} had to be excluded.
            - As a comparison the team used {animal_control}. A plan to include {animal_dropped} was
              dropped; the pilot had been run with {animal_pilot}.
            - {animal_control} served as a control. The pilot phase was done with {animal_pilot}, and work
              with {animal_dropped} was soon given up.
            - Work on {animal_dropped} was abandoned. {animal_pilot} had been used in the pilot phase and
              {animal_control} as the control group.
            + In the trial run there were {animal_pilot}, in the control group {animal_control}. It proved
              impossible to work with {animal_dropped}.
            + For the control group the choice fell on {animal_control}; for the trial run it had fallen on
              {animal_pilot}. An attempt with {animal_dropped} came to nothing.
            ? animal_pilot: Which animals were used in the pilot phase? On which animals was the method
              first tried? With what animals was the pilot run? Which animals took part in the pilot? /
              Which animals were used in the trial run? On what animals was the procedure tested beforehand?
            ? animal_control: Which animals served as a control? Which animals were used for comparison?
              What animals were in the control group? With which animals were the results compared? / Which
              animals formed the control group? Which animals were chosen for the comparison?
            ? animal_dropped: Which animals were excluded? With which animals was the work given up? What animals were
              dropped from {S}? Which animals were not used in the end? / Which animals could not be used? Which
              animals turned out to be unsuitable? With which animals did it prove impossible to work? An attempt with
              which animals came to nothing?
            """,
        ),
        fact(
            "people",
            """
            - {statistician} did the statistics, {keeper} looked after the animals, and {critic} attacked
              the conclusions.
            - The animals were in the care of {keeper}. All calculations were made by {statistician}; the
              sharpest criticism came from {critic}.
            - {critic} disputed the findings in public. {keeper} fed the animals and {statistician} analysed
              the data.
            - For the analysis of the data {statistician} was hired, for the care of the animals {keeper}.
              The most persistent opponent was {critic}.
            + The cages were cleaned and the animals fed by {keeper}. {critic} raised objections, although
              {statistician} had checked every number.
            + {statistician} worked out the numbers. {critic} did not believe the results; {keeper} was the
              one who fed the animals.
            ? statistician: Who did the statistics? Who analysed the data of {S}? Who made the calculations? Who was
              the statistician of {S}? / Who worked with the numbers of {S}? Who evaluated the data? Who had checked
              every number?
            ? keeper: Who looked after the animals? Who took care of the animals in {S}? Who was the keeper of the
              animals? Who fed the animals? / In whose care were the animals of {S}? Who was responsible for the
              well-being of the animals? By whom were the animals fed? Who was the one who fed the animals?
            ? critic: Who criticised {S}? Who attacked the conclusions of {S}? Who was the sharpest critic? Who
              disputed the results? / Who raised objections to {S}? Who did not agree with the findings of {S}? Who
              did not believe the results of {S}?
            """,
        ),
        fact(
            "foods",
            """
            - The first group was fed {food_first}, the second {food_second} and the third {food_third}. The
              reward at the end of the path was {food_reward}.
            - At the goal {food_reward} was waiting as a reward. The diet of the second group consisted of
              {food_second}, that of the third of {food_third} and that of the first of {food_first}.
            - As a reward the researchers chose {food_reward}. There was {food_third} for the third group,
              {food_first} for the first and {food_second} for the second.
            - {food_second} was given to the second group, {food_first} to the first, {food_third} to the
              third. An animal that reached the goal found {food_reward} there.
            + The daily meals differed: {food_first} in group one, {food_second} in group two and
              {food_third} in group three. Whoever solved the task was rewarded with {food_reward}.
            + Success was rewarded with {food_reward}. Otherwise group three lived on {food_third}, group
              one on {food_first} and group two on {food_second}.
            ? food_first: What did the first group eat? What was the first group fed? What was the diet of the first
              group? What was given to the first group? / On what did group one live? What did group one get to eat?
              On what did group one of the animals live?
            ? food_second: What did the second group eat? What was the second group fed? What was the diet of the
              second group? What was given to the second group? / On what did group two live? What did group two get
              to eat? What did the daily meals of group two consist of?
            ? food_third: What did the third group eat? What was the third group fed? What was the diet of the third
              group? What was given to the third group? / On what did group three live? What did group three get to
              eat?
            ? food_reward: What was the reward? What did an animal find at the goal? What was used as a reward? With
              what were the animals rewarded? / What did the animals get for success? What was the prize for solving
              the task? With what was success rewarded?
            """,
        ),
        fact(
            "bodies",
            """
            - {funder} paid for {S}, {board} had to approve it, and the results appeared in {journal}.
            - The results were printed in {journal}. Permission had been granted by {board}, money by
              {funder}.
            - With a grant from {funder} and the consent of {board}, the team could begin. The findings were
              published by {journal}.
            - {board} gave permission after a long debate. The grant came from {funder}; {journal} accepted
              the report.
            + The costs were borne by {funder}. Before anything could happen, {board} had to agree;
              afterwards the report was published in {journal}.
            + In {journal} one can read the report. {board} had examined the plan and allowed it, while
              {funder} had provided the means.
            ? funder: Who paid for {S}? Which organisation funded {S}? From whom did the grant come? Who
              financed {S}? / Who bore the costs of {S}? Which body provided the means for {S}?
            ? board: Who approved {S}? Which body gave permission for {S}? Who had to agree to {S}? By whom was {S}
              allowed? / Whose consent did {S} need? Which body examined the plan of {S}? Which body had to agree
              before anything could happen?
            ? journal: Where were the results published? Which journal printed the findings? In which
              journal did {S} appear? Who published the results of {S}? / In what journal can one read about
              {S}? Which publication accepted the report?
            """,
        ),
        fact(
            "towns",
            """
            - The measurements were made in {lab}; the animals had been bred in {farm}. The findings were
              presented at a congress in {meeting}, and a group in {repeat_town} repeated the work.
            - In {meeting} the team reported its findings to a congress. The laboratory was in {lab}, the
              breeder of the animals in {farm}, and an independent repetition took place in {repeat_town}.
            - Animals from a breeder in {farm} were taken to a laboratory in {lab}. Colleagues in
              {repeat_town} later repeated everything; the congress at which the results were announced was
              held in {meeting}.
            - A repetition was carried out in {repeat_town}. The original laboratory stood in {lab}. A
              breeder in {farm} had supplied the animals, and the audience that first heard of the results
              sat in {meeting}.
            + All animals came from {farm} and all measurements from {lab}. It was in {meeting} that the
              public was told, and in {repeat_town} that others did the same again.
            + {lab} was where the measuring was done. Others did it again in {repeat_town}, after a talk in
              {meeting} had made it known; {farm} was where the animals had been bred.
            ? lab: Where were the measurements made? In which town was the laboratory? Where was the research of {S}
              done? Where was the laboratory of {S}? / In what town did the measuring take place? Where did the
              researchers do their measurements? From which town did all the measurements come?
            ? farm: Where were the animals bred? From which town did the animals come? Where was the breeder? In which
              town did the animals grow up? / Where did the researchers get their animals? What was the origin of the
              animals? Where had the animals been bred?
            ? meeting: Where was the congress? In which town were the findings presented? Where did the team announce
              the results? Where were the results first reported? / In what town was the public told about {S}? Where
              did the researchers give a talk about {S}? In which town was there a talk about {S}?
            ? repeat_town: Where was {S} repeated? In which town did others repeat the work? Where did the
              repetition take place? Where was {S} done again? / In what town did other researchers do the
              same? In what town was {S} tried again?
            """,
        ),
        fact(
            "years",
            """
            - The idea dates from {year_idea}; work started in {year_start}, was published in {year_paper}
              and repeated by others in {year_repeat}.
            - In {year_paper} the findings were published. The experiments had begun in {year_start},
              although the idea was born in {year_idea}; a repetition was successful in {year_repeat}.
            - {year_start} saw the first measurements and {year_paper} the publication. The first sketch of
              {S} had been made in {year_idea}, and {year_repeat} brought a repetition elsewhere.
            - A repetition elsewhere confirmed everything in {year_repeat}. The original findings had
              appeared in {year_paper}, after measurements that began in {year_start}. The idea itself came
              up in {year_idea}.
            + Someone had the idea in {year_idea}. Measuring began in {year_start}, and the report was out
              in {year_paper}. Others did it all once more in {year_repeat}.
            + {year_repeat} was the year of the repetition, {year_paper} that of the report, {year_start}
              that of the first measurement and {year_idea} that of the idea.
            ? year_idea: When did the idea of {S} arise? From what year does the idea date? When was {S} first thought
              of? In which year was {S} conceived? / When did someone first think of {S}? What is the year of the
              idea? In which year did someone have the idea?
            ? year_start: When did {S} begin? In what year did the measurements start? When was the work on {S}
              started? In which year were the first measurements made? / When did the measuring begin? From which year
              are the earliest measurements? Which year was that of the first measurement?
            ? year_paper: When was {S} published? In what year did the findings appear? When were the results
              published? In which year was the report printed? / When could people read about {S}? What is the year of
              the report? In which year was the report out?
            ? year_repeat: When was {S} repeated? In what year was the repetition? When did others confirm {S}? In
              which year was the work done again? / When did other researchers do the same? What is the year of the
              repetition? In which year did others do it all once more?
            """,
        ),
        fact(
            "settings",
            """
            - The room was kept at {heat}, each cage measured {cage}, and every animal was given {dose} of
              vitamins a day. The noise never exceeded {noise}.
            - The noise level stayed below {noise} and the temperature at {heat}. A cage covered {cage}; the
              daily dose of vitamins was {dose}.
            - With {dose} of vitamins a day, cages of {cage}, a temperature of {heat} and a noise limit of
              {noise}, conditions were the same for all.
            - Each animal had {cage} to itself. It was {heat} warm, and sounds louder than {noise} were
              avoided. A daily pill contained {dose} of vitamins.
            + The air had a temperature of {heat}. Sounds were limited to {noise}, cages had an area of
              {cage}, and the pills with vitamins weighed {dose}.
            + An area of {cage} was available to each animal, which got {dose} of vitamins every day.
              Thermometers showed {heat}; the loudest sound allowed was one of {noise}.
            ? heat: How warm was the room? What was the temperature in {S}? At what temperature was the room
              kept? How warm was it during {S}? / What did the thermometers show? What was the temperature
              of the air?
            ? cage: How large was a cage? What was the size of each cage? How much space did an animal have?
              What area did a cage cover? / What was the area of a cage? How much room was available to
              every animal?
            ? dose: How much vitamin did an animal get a day? What was the daily dose of vitamins? How many
              vitamins were given each day? What amount of vitamins did the animals receive? / How much did
              the pills with vitamins weigh? What quantity of vitamins was in the daily pill?
            ? noise: How loud was it at most? What was the limit for noise? What level did the noise never
              exceed? How much noise was allowed? / What was the loudest sound permitted? To what level were
              sounds limited?
            """,
        ),
        fact(
            "figures",
            """
            - {animals_total} animals took part in {runs} runs, watched by {cameras} cameras. {lost} of them
              had to leave {S} early.
            - There were {cameras} cameras, {runs} runs and {animals_total} animals, of which {lost} dropped
              out.
            - Because {lost} animals dropped out, fewer than the original {animals_total} finished. The film
              of {cameras} cameras shows {runs} runs.
            - The {cameras} cameras filmed {runs} runs. At the start there were {animals_total} animals;
              {lost} did not last until the end.
            + In all {animals_total} animals were tested. {lost} of them were withdrawn, {runs} runs were
              counted, and {cameras} cameras did the filming.
            + The filming was done by {cameras} cameras. {runs} attempts could be evaluated; of
              {animals_total} animals {lost} were withdrawn.
            ? animals_total: How many animals took part in {S}? How many animals were there at the start?
              What was the number of animals? With how many animals did {S} begin? / How many animals were
              tested in {S}? How large was the number of animals altogether?
            ? runs: How many runs were there? What was the number of runs? How many runs did the animals
              make? How many runs were filmed? / How many attempts were evaluated? How many times did an
              animal run the path?
            ? cameras: How many cameras were used? What was the number of cameras? How many cameras filmed
              the animals? How many cameras did {S} have? / By how many cameras were the animals filmed? How
              many cameras were installed?
            ? lost: How many animals dropped out? How many animals left {S} early? What was the number of
              animals that did not finish? How many animals did not last until the end? / How many animals
              were withdrawn? How many animals were lost during {S}?
            """,
        ),
        fact(
            "times",
            """
            - The main phase lasted {phase} and was followed by a rest of {rest}. A single task took {task};
              what had been learned was remembered for {memory}.
            - The animals remembered the path for {memory}. They had {task} for each task, worked for
              {phase} in the main phase and then rested for {rest}.
            - After a main phase of {phase} there was a break of {rest}. {task} were allowed for a task, and
              the memory of it stayed alive for {memory}.
            - For {memory} the animals did not forget the way. The main phase had gone on for {phase}, the
              break for {rest}, a single task for {task}.
            + An animal was given {task} to finish a task. This went on for {phase}; then all of them could
              relax for {rest}. The way stayed in their memory for {memory}.
            + The way was still known after {memory}. To solve a task an animal had {task}. The principal
              phase took {phase}, and {rest} of relaxation came after it.
            ? phase: How long was the main phase? For how long did the main phase last? How much time did the main
              phase take? How long did the animals work in the main phase? / What was the length of the principal
              phase? How long did the most important part of {S} go on? For how long did the finishing of tasks go on?
            ? rest: How long was the break? For how long did the animals rest? How much time was there for
              rest? How long was the rest after the main phase? / How long could the animals relax? What was
              the length of the break?
            ? task: How long did a task take? How much time did the animals have for a task? For how long
              did a single task last? What time was allowed for each task? / How long was an animal given to
              solve a task? What was the time limit for one task?
            ? memory: How long did the animals remember the path? For how long was the path remembered? How
              long did the memory last? For what time did the animals not forget the way? / How long did the
              way stay in their memory? For how long did the animals know the way?
            """,
        ),
        fact(
            "reasons",
            """
            - {S} was stopped early because {early_reason}. All tests were done at night because
              {night_reason}.
            - The team worked at night since {night_reason}. The end came sooner than planned, as
              {early_reason}.
            - Because {night_reason}, the tests took place after dark. {S} was ended ahead of time, for
              {early_reason}.
            - As {early_reason}, {S} ended before it was meant to. There was a good reason for working at
              night: {night_reason}.
            + After some time the work was broken off because {early_reason}. Testing was moved to the night
              since {night_reason}.
            + Darkness was preferred for the tests because {night_reason}. {S} did not reach its planned
              end, for {early_reason}.
            ? early_reason: Why was {S} stopped early? Why did {S} end sooner than planned? For what reason
              was {S} ended ahead of time? What brought {S} to an early end? / Why was {S} broken off? Why
              did {S} not reach its planned end?
            ? night_reason: Why were the tests done at night? Why did the team work at night? For what
              reason did the tests take place after dark? What was the reason for working at night? / Why
              was the testing moved to the night? Why was darkness preferred?
            """,
        ),
        fact(
            "causes",
            """
            - Some doubted the results because {doubt_reason}. One clever animal was removed because
              {remove_reason}.
            - One particularly clever animal was taken out since {remove_reason}. Doubts about the results
              arose, as {doubt_reason}.
            - Because {remove_reason}, the cleverest animal could not stay in {S}. The results were
              questioned, for {doubt_reason}.
            - As {doubt_reason}, not everyone trusted the results. That the cleverest animal was removed had
              its reason: {remove_reason}.
            + A reviewer was suspicious because {doubt_reason}. The most intelligent animal was sent away
              since {remove_reason}.
            + The most intelligent animal had to go, for {remove_reason}. A reviewer did not believe the
              results because {doubt_reason}.
            ? doubt_reason: Why were the results doubted? Why did some not trust the results? For what
              reason were the results questioned? What caused doubts about {S}? / Why was a reviewer
              suspicious? Why did someone not believe the results of {S}?
            ? remove_reason: Why was the clever animal removed? Why was one animal taken out? For what
              reason could the cleverest animal not stay? What was the problem with the clever animal? / Why
              was the most intelligent animal sent away? Why did one animal have to go?
            """,
        ),
        fact(
            "money",
            """
            - The cages cost {cost_cages}, the wages {cost_wages} and the feed {cost_food}. An award of
              {award} was later given to the team.
            - For wages {cost_wages} was spent, for feed {cost_food} and for cages {cost_cages}. The team
              later won an award of {award}.
            - The team was honoured with an award of {award}. The bill for the feed had been {cost_food},
              for the cages {cost_cages}, for the wages {cost_wages}.
            - {cost_food} went into feed, {cost_cages} into cages and {cost_wages} into wages, which made
              the award of {award} all the more welcome.
            + Feeding the animals cost {cost_food}, housing them in cages {cost_cages} and paying the staff
              {cost_wages}. The award brought in {award}.
            + Of all the expenses, {cost_cages} was for cages, {cost_wages} for the staff and {cost_food}
              for what the animals ate. An award worth {award} was the thanks for it.
            ? cost_cages: How much did the cages cost? What was spent on cages? What was the bill for the cages? How
              expensive were the cages? / What sum went into the cages? How much was paid for housing the animals?
              Which part of the expenses was for cages?
            ? cost_wages: How much did the wages cost? What was spent on wages? What was the bill for the wages? How
              high were the wages? / What sum went into paying the staff? How much was paid to the staff? How much did
              paying the staff cost? Which part of the expenses was for the staff?
            ? cost_food: How much did the feed cost? What was spent on feed? What was the bill for the feed?
              How expensive was the feed? / What sum went into feeding the animals? How much was paid for
              what the animals ate?
            ? award: How much was the award? What sum did the team win? How high was the award for {S}? How
              much money came with the award? / What was the award worth? How much did the prize bring in?
            """,
        ),
        fact(
            "rival",
            """
            - {R}, a similar project, was begun by {rival_lead} in {rival_town} in {rival_year}.
            - In {rival_year} {rival_lead} launched {R} in {rival_town}, with different results.
            - {rival_lead} tried something similar in {rival_town}: {R} started in {rival_year}.
            - With {R}, started in {rival_year}, {rival_lead} pursued the same question in {rival_town}.
            + The same question was asked by {R} in {rival_town}. It was {rival_lead} who directed it from
              {rival_year} on.
            + {R} was different. {rival_lead} had launched it in {rival_town}; that was in {rival_year}.
            ? rival_lead: Who led {R}? Who started {R}? Which researcher launched {R}? Who was behind {R}? / Who was
              the head of {R}? Under whose direction was {R}? Who directed {R}? Who had launched {R}?
            ? rival_town: Where was {R} carried out? In which town did {R} take place? Where was {R} based? In what
              town was {R} launched? / Where did the work on {R} take place? Which town was the home of {R}? In which
              town was the same question asked by {R}? Where had {R} been launched?
            ? rival_year: When did {R} start? In what year was {R} launched? When was {R} begun? In which year did {R}
              begin? / From what year on did {R} exist? What was the first year of {R}? From which year on was {R}
              directed? In which year had {R} been launched?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - The maze was built by {builder} and painted by {painter}. The latter had come from
              {painter_town} for it.
            - {builder} and {painter} made the equipment. The former built the maze; the latter, who lived
              in {painter_town}, painted its walls.
            - The walls of the maze were painted by {painter}; {painter:she} had {painter:her} workshop in
              {painter_town}. The construction was by {builder}.
            - {painter} travelled from {painter_town} to paint the maze. Its construction had been the work
              of {builder}.
            + {builder} made the maze out of wood. Its colours were applied by {painter}, who had
              {painter:her} home in {painter_town}.
            + For the maze two people were needed: {painter} gave it its colours, {builder} its shape. The
              former was at home in {painter_town}.
            ? builder: Who built the maze? Who constructed the maze? By whom was the maze built? Who was the builder
              of the maze? / Who made the maze? Who gave the maze its shape? Who made the maze out of wood?
            ? painter: Who painted the maze? Who painted the walls of the maze? By whom was the maze painted? Who was
              the painter? / Who applied the colours to the maze? Who gave the maze its colours? By whom were the
              colours of the maze applied?
            ? painter_town: Where did {painter} come from? Where did {painter} live? From which town did
              {painter} travel? In which town was {painter} living? / Where was {painter} at home? In which
              town did {painter} have a home?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Nobody was allowed to wear perfume in the laboratory.
        - The notebooks fill an entire shelf.
        - Textbooks quote {S} to this day.
        - Every step was written down twice.
        - The animals were later given to a zoo.
        + Films of the tests are popular with students.
        + The door of the laboratory squeaked and had to be oiled.
        + Results were discussed over tea.
        + A cartoon about {S} hangs in many offices.
        """
    ),
)
