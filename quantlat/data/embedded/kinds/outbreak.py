"""Passages about an outbreak of disease: first cases, search for the source, measures and numbers."""

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

OUTBREAK = Kind(
    name="outbreak",
    subject=(
        ("the <stem> fever outbreak", "the outbreak"),
        ("the <stem> epidemic", "the epidemic"),
        ("the <stem> Valley outbreak", "the outbreak"),
    ),
    slots={
        "town": Town(),
        "doctor": Person(),
        "patient": Person(),
        "chemist": Person(),
        "minister": Person(),
        "source": Pick(AnswerType.ITEM, "foods"),
        "suspect_first": Pick(AnswerType.ITEM, "foods"),
        "suspect_second": Pick(AnswerType.ITEM, "foods"),
        "remedy": Pick(AnswerType.ITEM, "foods"),
        "date_case": Date(1955, 2016),
        "date_alarm": DateAfter("date_case", 6, 40),
        "date_ban": DateAfter("date_alarm", 2, 30),
        "date_end": DateAfter("date_ban", 30, 200),
        "ill": Amount(400, 2_900, 1),
        "hospital": Amount(50, 390, 1),
        "samples": Amount(3_000, 20_000, 10),
        "schools": Amount(13, 48),
        "wait": Duration("days", 2, 15),
        "fever": Duration("hours", 20, 90),
        "closure": Duration("weeks", 2, 9),
        "search": Duration("months", 2, 12),
        "farm": landmark("{} Farm", "{} Hall"),
        "clinic": Town(),
        "second_town": Town(),
        "lab_town": Town(),
        "lab": organisation("the {} Laboratory", "the {} Institute"),
        "company": organisation("{} Foods", "the {} Trading Company"),
        "charity": organisation("the {} Foundation", "the {} Relief Fund"),
        "station": organisation("Radio {}", "the {} News"),
        "spread_reason": Pick(AnswerType.REASON, "spread"),
        "late_reason": Pick(AnswerType.REASON, "late"),
        "child_reason": Pick(AnswerType.REASON, "child"),
        "trial_reason": Pick(AnswerType.REASON, "trial"),
        "cost": Money(1_000_000, 9_000_000, 100_000),
        "fine": Money(100_000, 900_000, 10_000),
        "donation": Money(20_000, 90_000, 1_000),
        "payment": Money(400, 4_000, 50),
        "sign_nurse": Pick(AnswerType.OBJECT, "signs"),
        "sign_first": Pick(AnswerType.OBJECT, "signs"),
        "sign_rare": Pick(AnswerType.OBJECT, "signs"),
        "sign_late": Pick(AnswerType.OBJECT, "signs"),
        "nurse": Person(),
        "reporter": Person(),
        "reporter_town": Town(),
    },
    pools={
        "foods": pool(
            """smoked oysters | raw milk | frozen strawberries | liver sausage | chicken salad | soft cheese |
            bottled water | bean sprouts | vanilla ice cream | minced beef | tomato juice | spinach""",
            """sliced melon | duck eggs | fish paste | tap water | cream cakes | herbal tea | mango juice""",
        ),
        "signs": pool(
            """a stiff neck | a dry cough | a burning thirst | a ringing in the ears | a blurring of the sight | a red
            rash | a numb tongue | a pain in the knees | a loss of smell""",
            """a swollen throat | a metallic taste | a trembling of the hands | a severe headache | a yellow
            tinge of the eyes""",
        ),
        "spread": pool(
            """a refrigerator had broken down | the pipes were cracked | rats had got into the storehouse | an
            employee had hidden her illness | the cans had not been heated enough | the wells had been
            flooded""",
            """a filter had been installed upside down | the knives were never disinfected | a pump had failed
            during the night""",
        ),
        "late": pool(
            """a fax had been sent to the wrong office | the responsible official was on holiday | the first
            samples had been mixed up | nobody wanted to spoil the tourist season | the telephone lines were
            down""",
            """the reports were taken for a joke | a secretary had misread the address | the hospital feared for
            its reputation""",
        ),
        "child": pool(
            """they drank more than adults | their bodies weigh less | they had not been vaccinated | they had shared
            their cups at school | the sweet taste attracted them""",
            """they rarely washed their hands | they had eaten in the same canteen | their stomachs are more
            sensitive""",
        ),
        "trial": pool(
            """the documents had been forged | a witness withdrew her statement | the owner had ignored three
            warnings | the inspectors had been bribed""",
            """the refrigerating records had been burned | a manager had lied to the police | the labels bore a
            false date""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} began in {town}. The first person to fall ill was {patient}; the cause was later found by
              {doctor}.
            - In {town} {S} started with the illness of {patient}. It was {doctor} who found the cause.
            - {S} was first noticed in {town}, when {patient} fell ill. {doctor} discovered where it came
              from.
            - The first victim of {S}, {patient}, lived in {town}. The riddle was solved by {doctor}.
            + {town} was the starting point of {S}. No one was ill before {patient}, and no one knew why
              until {doctor} explained it.
            + {patient} of {town} was the earliest case of {S}, whose origin {doctor} was able to explain.
            ? town: Where did {S} begin? In which town did {S} start? Where was {S} first noticed? In what
              town did the first victim live? / What was the starting point of {S}? From which town was the
              earliest case?
            ? patient: Who was the first person to fall ill? Who was the first victim of {S}? With whose
              illness did {S} start? Who fell ill first? / Who was the earliest case of {S}? Who was ill
              before all others?
            ? doctor: Who found the cause of {S}? Who discovered where the illness came from? By whom was
              the riddle solved? Who found out the cause? / Who explained the origin of {S}? Who was able to
              explain {S}?
            """,
            opening=True,
        ),
        fact(
            "foods",
            """
            - At first {suspect_first} came under suspicion, then {suspect_second}. The real source turned
              out to be {source}. Doctors advised the sick to take {remedy}.
            - The germs were in {source}. Before that was known, people had blamed {suspect_first} and later
              {suspect_second}. As a remedy the doctors recommended {remedy}.
            - Doctors recommended {remedy} to the sick. The illness was caused by {source}, although the
              first suspicion had fallen on {suspect_first} and the second on {suspect_second}.
            - Two false trails were followed: the first led to {suspect_first}, the second to
              {suspect_second}. In truth {source} had made people ill. Patients were treated with {remedy}.
            + The true culprit was {source}. Wrongly accused were, to begin with, {suspect_first} and, after
              that, {suspect_second}. What helped the patients was {remedy}.
            + Patients felt better after taking {remedy}. The public first thought of {suspect_first} and
              next of {suspect_second}, but the true culprit was {source}.
            ? source: What was the real source of {S}? What caused the illness? What had made people ill? In
              what were the germs? / What was the true culprit? What was really to blame for the illness?
            ? suspect_first: What came under suspicion first? On what did the first suspicion fall? What was
              blamed at first? Where did the first false trail lead? / What was wrongly accused to begin
              with? What did the public think of first?
            ? suspect_second: What came under suspicion later? On what did the second suspicion fall? What was blamed
              after the first suspicion? Where did the second false trail lead? / What was the second thing to be
              wrongly accused? What did the public think of next? What was wrongly accused after that?
            ? remedy: What did the doctors recommend? What was used as a remedy? What were the sick advised
              to take? With what were patients treated? / What helped the patients? After taking what did
              patients feel better?
            """,
        ),
        fact(
            "people",
            """
            - The laboratory tests were done by {chemist}. {minister}, the minister of health, resigned.
            - {minister} had to resign as minister of health; {chemist} carried out the tests in the
              laboratory.
            - In the laboratory {chemist} tested the samples. The political responsibility was taken by
              {minister}, who gave up the ministry of health.
            - {chemist} examined the samples, while {minister} lost the post of health minister.
            + {chemist} was at work on the samples day and night. The head of the health ministry,
              {minister}, stepped down.
            + In politics it was {minister} who stepped down, the head of the health ministry. In science it
              was {chemist} who worked on the samples.
            ? chemist: Who did the laboratory tests? Who tested the samples? By whom were the tests carried
              out? Who examined the samples? / Who worked on the samples? Who was responsible for the work
              in the laboratory?
            ? minister: Who was the minister of health? Which minister resigned? Who took the political
              responsibility? Which politician lost a post? / Who stepped down because of {S}? Who was the
              head of the health ministry?
            """,
        ),
        fact(
            "dates",
            """
            - The first case was reported on {date_case}. The alarm was raised on {date_alarm}, sales were
              banned on {date_ban}, and {S} was declared over on {date_end}.
            - On {date_alarm} the authorities raised the alarm. The first case had been known since
              {date_case}; a ban on sales followed on {date_ban}, the end was announced on {date_end}.
            - {S} was officially over on {date_end}. It had begun with a first case on {date_case}; the
              alarm came on {date_alarm} and the ban on sales on {date_ban}.
            - A ban on sales was imposed on {date_ban}, after an alarm on {date_alarm}. The first case had
              occurred on {date_case}. The end was declared on {date_end}.
            + Someone fell ill for the first time on {date_case}. The public was warned on {date_alarm}.
              From {date_ban} nothing could be sold any more, and from {date_end} people were safe again.
            + People were safe again from {date_end}. Before that, trade had been stopped on {date_ban}, the
              public warned on {date_alarm} and the earliest patient registered on {date_case}.
            ? date_case: When was the first case reported? On what date did the first case occur? Since when
              was the first case known? On which day did {S} begin? / When did someone fall ill for the
              first time? On which day was the earliest patient registered?
            ? date_alarm: When was the alarm raised? On what date did the authorities raise the alarm? When
              did the alarm come? On which day was there an alarm? / When was the public warned? On which
              day did people get a warning?
            ? date_ban: When were sales banned? On what date was the ban imposed? When did the ban on sales
              come? On which day were sales forbidden? / When was the trade stopped? From which day could
              nothing be sold?
            ? date_end: When was {S} over? On what date was {S} declared over? When was the end of {S}
              announced? On which day did {S} officially end? / When were people safe again? From which day
              was there no more danger?
            """,
            rank=8,
        ),
        fact(
            "figures",
            """
            - {ill} people fell ill, {hospital} of whom had to go to hospital. {samples} samples were
              tested, and {schools} schools were closed.
            - There were {ill} cases. {schools} schools were shut, {hospital} patients were taken to
              hospital, and the laboratory examined {samples} samples.
            - Laboratories examined {samples} samples. Of {ill} people with symptoms {hospital} needed a bed
              in hospital; the number of closed schools was {schools}.
            - The authorities closed {schools} schools, counted {ill} sick people, {hospital} of them in
              hospital, and ordered {samples} samples.
            + The number of the sick reached {ill}, and that of the hospital patients {hospital}. Lessons
              were cancelled in {schools} schools; {samples} tests were made.
            + No lessons were given in {schools} schools. Among the {ill} sick there were {hospital} serious
              cases for the hospital. The number of tests was {samples}.
            ? ill: How many people fell ill? How many cases were there? How many people had symptoms? What
              was the number of sick people? / How many people caught the disease? How high was the number
              of the sick?
            ? hospital: How many people had to go to hospital? How many patients were taken to hospital? How many
              people needed a hospital bed? What was the number of patients in hospital? / How many of the sick went
              to hospital? How many of the sick were in hospital? What was the number of hospital patients? How many
              serious cases were there for the hospital?
            ? samples: How many samples were tested? How many samples did the laboratory examine? What was
              the number of samples? How many samples were ordered? / How many tests were made? What was the
              number of tests?
            ? schools: How many schools were closed? How many schools were shut? What was the number of
              closed schools? How many schools did the authorities close? / In how many schools were lessons
              cancelled? How many schools gave no lessons?
            """,
        ),
        fact(
            "times",
            """
            - The first symptoms appear after {wait}, and the fever lasts {fever}. Schools stayed closed for
              {closure}; the search for the source took {search}.
            - The source was found after {search}. Those infected feel nothing for {wait} and then have a
              fever for {fever}. For {closure} there was no school.
            - For {closure} the schools were shut. It takes {wait} until the illness breaks out; the fever
              goes on for {fever}. The investigators searched for {search}.
            - A patient has a fever for {fever}. The time between infection and illness is {wait}, the
              schools were closed for {closure}, and the source was not found for {search}.
            + Nothing is felt for {wait} after infection. After that the temperature stays high for {fever}.
              Pupils were kept at home for {closure}. The investigation dragged on for {search}.
            + The investigation dragged on for {search}, and pupils were kept at home for {closure}. In
              patients the temperature stays high for {fever}; the germs are at work for {wait} before that.
            ? wait: After what time do the first symptoms appear? How long does it take until the illness breaks out?
              How long do those infected feel nothing? How long is the time between infection and illness? / For how
              long is nothing felt after infection? How long does it take until patients feel ill? How long are the
              germs at work before the temperature rises?
            ? fever: How long does the fever last? For how long does a patient have a fever? How long does
              the fever go on? What is the length of the fever? / How long does the temperature stay high?
              For how long are patients hot?
            ? closure: How long did the schools stay closed? For how long were the schools shut? For how
              long was there no school? How long did the closure of the schools last? / How long were pupils
              kept at home? For how long did pupils have no lessons?
            ? search: How long did the search for the source take? After what time was the source found? For
              how long did the investigators search? How long was the source not found? / How long did the
              investigation drag on? How long did it take to find the origin?
            """,
        ),
        fact(
            "places",
            """
            - The germs came from {farm}. Most patients were treated in {clinic}, the samples were sent to
              {lab_town}, and the second wave hit {second_town}.
            - The illness moved on to {second_town}, where there was a second wave. The source lay at
              {farm}; the patients were nursed in {clinic}, and the samples analysed in {lab_town}.
            - Samples were analysed in {lab_town}, patients treated in {clinic}. The trail led to {farm}. A
              second wave broke out in {second_town}.
            - In {second_town} there was a second wave. The hospital that took in most patients is in
              {clinic}, the laboratory in {lab_town}; the place from which everything had spread was {farm}.
            + Everything had spread from {farm}. Ambulances took the sick to {clinic}, couriers the samples
              to {lab_town}. Later {second_town} was affected too.
            + Ambulances drove to {clinic} with the sick, couriers to {lab_town} with the samples.
              {second_town} was the next to be affected, and {farm} turned out to be the origin.
            ? farm: Where did the germs come from? Where did the source lie? To what place did the trail lead? From
              what place had everything spread? / Which place turned out to be the origin of the germs? From what
              place did the germs start?
            ? clinic: Where were most patients treated? In which town were the patients nursed? Where is the
              hospital that took in most patients? In which town were people treated? / Where did ambulances
              take the sick? To which town were the sick driven?
            ? lab_town: Where were the samples sent? In which town were the samples analysed? Where is the
              laboratory? To which town did the samples go? / Where did couriers take the samples? To which
              town were the samples carried?
            ? second_town: Where was the second wave? Which town did the second wave hit? To which town did the
              illness move on? Where did a second wave break out? / Which town was affected next? Where did people
              fall ill later? Which town was the next to be affected?
            """,
        ),
        fact(
            "bodies",
            """
            - {lab} identified the germ, {company} had sold the goods, {charity} helped the families, and
              {station} was the first to report.
            - The first report came from {station}. Families were helped by {charity}; the goods had been
              sold by {company}, and the germ was identified at {lab}.
            - Scientists at {lab} identified the germ. It had reached the customers through {company}.
              {station} broke the news, and {charity} gave help to those in need.
            - {company} was the seller of the goods. Help for the families was organised by {charity}, the
              news was broken by {station}, and the germ was named by {lab}.
            + It was {station} that made {S} public. The merchandise was that of {company}. {lab} worked out
              which germ it was, and {charity} looked after the families.
            + The families were looked after by {charity}. The merchandise had come from {company}; which
              germ it contained was worked out by {lab} and made public by {station}.
            ? lab: Who identified the germ? Where was the germ identified? Which institution identified the
              germ? Which laboratory named the germ? / Who worked out which germ it was? Which institution
              recognised the germ?
            ? company: Who had sold the goods? Which company sold the goods? Through which company did the
              germ reach the customers? Which firm was the seller? / Whose merchandise was it? From which
              firm had the merchandise come?
            ? charity: Who helped the families? Which organisation gave help to those in need? By whom were
              families helped? Who organised help? / Who looked after the families? Which organisation took
              care of the families?
            ? station: Who was the first to report on {S}? Who broke the news? From whom did the first
              report come? Which medium reported first? / Who made {S} public? Through whom did the public
              learn of {S}?
            """,
        ),
        fact(
            "reasons",
            """
            - The germs could spread because {spread_reason}. The warning came late because {late_reason}.
            - People were not warned in time since {late_reason}. The germs had multiplied, as
              {spread_reason}.
            - Because {spread_reason}, the germs were able to spread. The public was informed late, for
              {late_reason}.
            - As {late_reason}, the warning was delayed. How the germs could spread was soon clear:
              {spread_reason}.
            + The germs had an easy time because {spread_reason}. Information reached the public with delay
              since {late_reason}.
            + The public learned of the danger too late because {late_reason}. The germs had found their way
              into the goods since {spread_reason}.
            ? spread_reason: Why could the germs spread? Why did the germs multiply? For what reason were
              the germs able to spread? What allowed the germs to spread? / Why did the germs have an easy
              time? How had the germs got into the goods?
            ? late_reason: Why did the warning come late? Why were people not warned in time? For what
              reason was the public informed late? What delayed the warning? / Why did the public learn of
              the danger too late? Why did information reach people with delay?
            """,
        ),
        fact(
            "causes",
            """
            - Children were hit hardest because {child_reason}. In court the case was decided quickly
              because {trial_reason}.
            - The trial was short since {trial_reason}. Most of the sick were children, as {child_reason}.
            - Because {child_reason}, more children than adults fell ill. The judges needed little time, for
              {trial_reason}.
            - As {trial_reason}, the trial ended soon. That so many children fell ill had a reason:
              {child_reason}.
            + The youngest suffered most because {child_reason}. The judges reached a verdict in no time
              since {trial_reason}.
            + A verdict was quickly reached because {trial_reason}. The young were in greater danger than
              adults, for {child_reason}.
            ? child_reason: Why were children hit hardest? Why were most of the sick children? For what
              reason did so many children fall ill? Why did more children than adults fall ill? / Why did
              the youngest suffer most? Why were the young in greater danger?
            ? trial_reason: Why was the case decided quickly? Why was the trial short? For what reason did
              the trial end soon? Why did the judges need little time? / Why was a verdict quickly reached?
              What made a quick verdict possible?
            """,
            rank=9,
        ),
        fact(
            "money",
            """
            - {S} cost the state {cost}. The seller was fined {fine}, every victim was paid {payment}, and
              donations brought in {donation}.
            - A fine of {fine} was imposed on the seller. Donors gave {donation}; each victim received
              {payment}, and the costs for the state were {cost}.
            - Each victim got {payment} in compensation. Donations amounted to {donation}, the fine to
              {fine} and the costs for the state to {cost}.
            - The state had costs of {cost} and the seller a fine of {fine}. Through donations {donation}
              was collected, and the compensation per victim was {payment}.
            + From the public purse {cost} had to be paid. The court ordered the seller to hand over {fine}.
              A victim could claim {payment}; kind people had given {donation}.
            + Kind people gave {donation}. A victim could claim {payment} for the suffering. The seller was
              punished with {fine}, and the taxpayers were left with a bill of {cost}.
            ? cost: How much did {S} cost the state? What were the costs for the state? What did the state have to
              pay? How high were the costs of the state? / How much was paid from the public purse? How much did {S}
              cost the taxpayers? With what bill were the taxpayers left?
            ? fine: How much was the seller fined? How high was the fine? What fine was imposed on the
              seller? What did the seller have to pay? / With what sum was the seller punished? How much did
              the court order the seller to pay?
            ? payment: How much was every victim paid? What did each victim receive? How high was the
              compensation per victim? How much compensation did a victim get? / How much could a victim
              claim? What was a victim given for the suffering?
            ? donation: How much did donations bring in? How much did donors give? What sum was collected
              through donations? To what sum did donations amount? / How much did kind people give? How much
              money was given out of kindness?
            """,
        ),
        fact(
            "signs",
            """
            - The first symptom was {sign_first}, followed by {sign_late}. Nurses knew the disease by
              {sign_nurse}; in rare cases there was {sign_rare}.
            - The illness began with {sign_first}. Typical of the later stage was {sign_late}; a rare
              complication was {sign_rare}. The sign by which nurses recognised it was {sign_nurse}.
            - Nurses recognised the disease by {sign_nurse}. Patients first complained of {sign_first} and
              later of {sign_late}. {sign_rare} was rare.
            - Rarely was there {sign_rare}. As a rule the illness started with {sign_first} and ended with
              {sign_late}; for nurses the surest sign was {sign_nurse}.
            + The earliest sign was {sign_first}, and the last stage was marked by {sign_late}. Nurses
              looked out for {sign_nurse}. Very few patients had {sign_rare}.
            + Nurses looked out for {sign_nurse}. While {sign_first} belonged to the earliest stage and
              {sign_late} to the last, {sign_rare} was met with in very few patients.
            ? sign_first: What was the first symptom? With what did the illness begin? Of what did patients complain
              first? With what did the disease start? / What was the earliest sign? What belonged to the earliest
              stage? Which sign belonged to the earliest stage?
            ? sign_late: What symptom followed later? What was typical of the later stage? Of what did
              patients complain later? With what did the illness end? / What marked the last stage? What
              belonged to the last stage?
            ? sign_nurse: By what did nurses recognise the disease? What was the surest sign for nurses? By
              which sign did nurses recognise the illness? What told nurses that it was the disease? / What
              did nurses look out for? Which sign did nurses watch for?
            ? sign_rare: Which symptom was rare? What was a rare complication? What occurred in rare cases?
              Which sign was rarely seen? / What did very few patients have? Which symptom was met with in
              very few patients?
            """,
        ),
        fact(
            "pair",
            """
            - A nurse, {nurse}, was the first to notice a pattern. {reporter} wrote about it; {reporter:she}
              worked for a paper in {reporter_town}.
            - {nurse} and {reporter} received a medal. The former had noticed a pattern as a nurse; the
              latter, a journalist from {reporter_town}, had written about {S}.
            - {reporter}, a journalist, came from {reporter_town}. {reporter:she} wrote the best articles
              about {S}; the pattern itself had been noticed by {nurse}, a nurse.
            - The pattern was first seen by {nurse} on night duty. A journalist, {reporter}, made it known;
              {reporter:she} had come from {reporter_town}.
            + It was the nurse {nurse} who first became suspicious. The best known articles are by
              {reporter}, who had been sent by a paper in {reporter_town}.
            + {reporter} wrote the best known articles, for {reporter:her} paper in {reporter_town}. As a
              nurse {nurse} had become suspicious earlier than anyone else.
            ? nurse: Which nurse noticed a pattern? Who noticed a pattern first? Who was the nurse? By whom
              was the pattern noticed? / Who became suspicious first? Which nurse had a suspicion?
            ? reporter: Which journalist wrote about {S}? Who wrote the articles? Who was the journalist? By
              whom are the articles about {S}? / Which reporter wrote about what was happening? Whose
              articles about {S} are well known?
            ? reporter_town: Where did {reporter} come from? From which town was {reporter}? From which town had
              {reporter} come? What was the town of {reporter}? / Where was the paper of {reporter}? For a paper in
              which town did {reporter} write? By a paper in which town had {reporter} been sent?
            """,
        ),
    ),
    fillers=wordings(
        """
        - Rumours spread faster than the illness.
        - Shops sold out of soap.
        - The events have been described in several books.
        - Medical students learn about {S} in their first year.
        - Nurses worked double shifts.
        - Public swimming pools remained empty.
        + Masks became a common sight.
        + A television play was made about {S}.
        + Neighbours left soup on the doorsteps.
        + Handshakes went out of fashion for a while.
        """
    ),
)
