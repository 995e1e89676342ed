"""Passages about a cup final; what happens on the pitch is told in its order."""

from __future__ import annotations

from quantlat.data.embedded.answers import AnswerType
from quantlat.data.embedded.content import Kind, fact, pool, wordings
from quantlat.data.embedded.slots import Amount, Date, DateAfter, Duration, Money, Person, Pick, Town, organisation

_TEAMS = (
    "{} Rovers",
    "{} United",
    "{} Wanderers",
    "{} Athletic",
    "{} Albion",
    "{} Rangers",
    "{} Harriers",
    "{} City",
)

MATCH = Kind(
    name="match",
    subject=(
        ("the <stem> Cup final", "the final"),
        ("the <stem> Shield final", "the final"),
        ("the <stem> Trophy final", "the final"),
    ),
    slots={
        "winner": organisation(*_TEAMS),
        "loser": organisation(*_TEAMS),
        "beaten_first": organisation(*_TEAMS),
        "beaten_second": organisation(*_TEAMS),
        "place": Town(),
        "camp": Town(),
        "parade": Town(),
        "replay": Town(),
        "goal_first": Person("m"),
        "goal_level": Person("m"),
        "goal_lead": Person("m"),
        "goal_last": Person("m"),
        "coach_winner": Person(),
        "coach_loser": Person(),
        "referee": Person(),
        "singer": Person(),
        "date_final": Date(1950, 2015),
        "date_draw": DateAfter("date_final", -200, -20),
        "date_title": DateAfter("date_final", -9000, -2000),
        "date_film": DateAfter("date_final", 100, 1500),
        "crowd": Amount(18_000, 90_000, 500),
        "police": Amount(210, 900, 10),
        "corners": Amount(13, 29),
        "buses": Amount(31, 99),
        "prize": Money(60_000, 900_000, 5_000),
        "bonus": Money(2_000, 9_000, 500),
        "fine": Money(10_000, 58_000, 1_000),
        "seat": Money(4, 60, 1),
        "wait": Duration("minutes", 14, 70),
        "camp_time": Duration("days", 5, 15),
        "ban": Duration("months", 2, 12),
        "service": Duration("years", 4, 17),
        "kick_reason": Pick(AnswerType.REASON, "kick"),
        "goal_reason": Pick(AnswerType.REASON, "goal"),
        "change_reason": Pick(AnswerType.REASON, "change"),
        "ban_reason": Pick(AnswerType.REASON, "ban"),
        "gift_best": Pick(AnswerType.OBJECT, "gifts"),
        "gift_loser": Pick(AnswerType.OBJECT, "gifts"),
        "gift_referee": Pick(AnswerType.OBJECT, "gifts"),
        "gift_fan": Pick(AnswerType.OBJECT, "gifts"),
    },
    pools={
        "gifts": pool(
            """a silver bowl | a gold watch | a leather armchair | a racing bicycle | a crystal vase | a signed
            ball | a weekend at a spa | a set of luggage | a portrait in oil | a barrel of beer""",
            """a bronze statuette | a fountain pen | a hot air balloon ride | a crate of oranges | a canteen of
            cutlery | a velvet cap""",
        ),
        "kick": pool(
            """a dog had run onto the pitch | the floodlights had failed | the team bus was stuck in traffic | one
            of the nets was torn | both teams wore the same colour | a parachutist had landed on the roof""",
            """the lines had been washed away by rain | the linesman had lost his flag | smoke was drifting
            across the grass | a gate had been blocked by a lorry""",
        ),
        "goal": pool(
            """a whistle had sounded in the crowd | the ball had brushed an arm | the goalkeeper had been pushed |
            two attackers were offside | the corner had been taken too early""",
            """the throw-in had been taken with one hand | a substitute was already on the field | the ball had
            crossed the line before the pass""",
        ),
        "change": pool(
            """he had lost a contact lens | his boots had split | he was seeing everything double | a wasp had
            stung him in the neck | his ankle was badly swollen""",
            """he could not breathe through his nose | a cramp had seized both calves | his shoulder had come out
            of joint""",
        ),
        "ban": pool(
            """he had thrown his tracksuit at a spectator | he called the linesman a clown | he had walked onto the
            pitch twice | he smoked a cigar in front of the cameras""",
            """he had kicked over a bucket of water | he refused to shake hands with the judge | he had locked the
            dressing room""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} was played in {place} between {winner} and {loser}; {winner:plain} won.
            - In {S} {winner} beat {loser}. The match took place in {place}.
            - {place} was the scene of {S}, in which {loser} lost to {winner}.
            - {winner} and {loser} met in {S}. It was the former who won the match, which was held in
              {place}.
            + {S}, staged in {place}, ended with a victory of {winner} over {loser}.
            + {S} brought together {loser} and {winner}. In {place} the latter went home as champions.
            ? winner: Who won {S}? Which team won {S}? Which side was victorious in {S}? Which team took the title in
              {S}? / Which club became champions in {S}? Which team was the winner of {S}? For whom did {S} end with a
              victory? Who went home from {S} as champions?
            ? loser: Who lost {S}? Which team was defeated in {S}? Which side was beaten in {S}? Which team came
              second in {S}? / Which club lost in {S}? Which team was the loser of {S}? Over whom was the victory in
              {S} won? Which team was brought together with the champions by {S}?
            ? place: Where was {S} played? In which town did {S} take place? Where was {S} held? What was the scene of
              {S}? / Which town hosted {S}? In what town was {S} staged? From which town did the champions go home?
            """,
            opening=True,
        ),
        fact(
            "goals",
            """
            - {goal_first} opened the scoring, but {goal_level} equalised with a header. {goal_lead}
              restored the lead before the break, and {goal_last} made the victory safe with the last goal.
            - After an early goal by {goal_first}, {goal_level} brought the scores level. A penalty by
              {goal_lead} decided the contest in favour of the later winners; the final goal fell to
              {goal_last}.
            - The first goal was scored by {goal_first} and cancelled out by {goal_level}. Then {goal_lead}
              put his team ahead again; {goal_last} had the last word shortly before the end.
            - It was {goal_level} who answered the opening goal of {goal_first}. {goal_lead} made it two to
              one, and in the closing minutes {goal_last} found the net once more.
            + {goal_first} struck first. The equaliser came from {goal_level}, the second lead from
              {goal_lead} and the concluding goal from {goal_last}.
            + The concluding goal was the work of {goal_last}. Before that {goal_first} had given his team
              an early advantage, {goal_level} had drawn level and {goal_lead} had made it two to one.
            ? goal_first: Who scored the first goal? Who opened the scoring in {S}? Which player scored first? Who put
              his team ahead early on? / Who got the opening goal of {S}? Which player was the first to score in {S}?
              Who struck first? Who had given his team an early advantage?
            ? goal_level: Who equalised? Which player made it one to one? Who brought the scores level? Who scored the
              equaliser in {S}? / Which player drew level? Who answered the first goal of {S}? From whom did the
              equaliser come? Who had drawn level?
            ? goal_lead: Who made it two to one? Who scored to restore the lead? Which player put his team ahead for
              the second time? Who got the goal that made it two to one? / Who scored the goal for the second lead?
              Which player gave his side the lead again? Who had made it two to one?
            ? goal_last: Who scored the last goal? Which player scored the final goal? Who made the result safe? Who
              scored at the end of {S}? / Who got the closing goal of {S}? Which player was the last to score? From
              whom did the concluding goal come? Whose work was the concluding goal?
            """,
            rank=4,
        ),
        fact(
            "people",
            """
            - The winners were coached by {coach_winner}, the losers by {coach_loser}. {referee} was the
              referee, and {singer} sang the anthem.
            - Before the kick-off {singer} performed the anthem. {referee} had the whistle; on the benches
              sat {coach_winner} for the later champions and {coach_loser} for their opponents.
            - {referee} refereed the match. The anthem was sung by {singer}. {coach_loser} trained the
              beaten team, {coach_winner} the victorious one.
            - {coach_winner}, coach of the champions, embraced {coach_loser}, coach of the defeated side.
              {referee} was in charge of the match, and {singer} had opened it with the anthem.
            + For the anthem {singer} had been invited. The rules were enforced by {referee}. The side that
              won had been prepared by {coach_winner}, the side that lost by {coach_loser}.
            + {coach_loser} looked after the losing eleven, {coach_winner} after the winning one. The voice
              of the anthem was that of {singer}, the whistle that of {referee}.
            ? coach_winner: Who was the coach of the winners? Who trained the champions? Who coached the victorious
              team? By whom were the winners coached? / Who prepared the winning side? Who was the manager of the team
              that won? Who looked after the winning eleven?
            ? coach_loser: Who was the coach of the losers? Who trained the beaten team? Who coached the defeated
              side? By whom were the losers coached? / Who prepared the losing side? Who was the manager of the team
              that lost? Who looked after the losing eleven?
            ? referee: Who was the referee of {S}? Who refereed {S}? Who was in charge of the match? Who had the
              whistle in {S}? / By whom was {S} refereed? Who made sure that the rules were kept? By whom were the
              rules enforced? Whose was the whistle?
            ? singer: Who sang the anthem? Who performed before {S}? By whom was the anthem sung? Who was the singer
              of the anthem? / Who was heard singing before the kick-off? Which person provided the music before {S}?
              Who had been invited for the anthem? Whose was the voice of the anthem?
            """,
        ),
        fact(
            "path",
            """
            - On the way to the trophy the winners had knocked out {beaten_first} in the quarter-final and
              {beaten_second} in the semi-final.
            - In the semi-final the later champions got past {beaten_second}, in the quarter-final past
              {beaten_first}.
            - {beaten_first} had been their opponent in the quarter-final; in the semi-final they defeated
              {beaten_second}.
            - The champions met {beaten_first} and {beaten_second} in the earlier rounds: the former in the
              quarter-final, the latter in the semi-final.
            + {beaten_second} was eliminated by the champions in the semi-final, {beaten_first} in the round
              before it, the quarter-final.
            + In the quarter-final {beaten_first} stood in the way of the champions; {beaten_second} did so
              in the semi-final. Both lost.
            ? beaten_first: Whom did the champions beat in the quarter-final? Which team was knocked out in
              the quarter-final? Who was the opponent in the quarter-final? Which side lost the
              quarter-final to the champions? / Against which club did the champions play the quarter-final?
              Which team did the champions eliminate in the quarter-final?
            ? beaten_second: Whom did the champions beat in the semi-final? Which team was knocked out in
              the semi-final? Who was the opponent in the semi-final? Which side lost the semi-final to the
              champions? / Against which club did the champions play the semi-final? Which team did the
              champions eliminate in the semi-final?
            """,
        ),
        fact(
            "towns",
            """
            - The champions had prepared for {S} in {camp}; they held their victory parade in {parade}. A
              friendly return match was arranged in {replay}.
            - The training camp was in {camp}, the parade in {parade} and the friendly rematch, months
              later, in {replay}.
            - In {replay} the two teams met again for a friendly. {parade} saw the parade of the champions,
              who had spent the time before the match in a training camp in {camp}.
            - {parade} was full of people when the trophy was shown in an open bus. Training before the
              match had been in {camp}; a friendly rematch followed in {replay}.
            + The winners had got ready in {camp}. Through {parade} they drove in triumph, and to {replay}
              they travelled for a friendly against the same opponents.
            + A second meeting, without a cup, was held in {replay}. Before the great day the champions had
              trained in {camp}; after it {parade} celebrated them in its streets.
            ? camp: Where did the champions prepare for {S}? Where was the training camp? In which town did the
              winners train? Where did the champions practise before {S}? / In what town did the winners get ready?
              Where was the training before {S}? In which town had the champions trained before the great day?
            ? parade: Where was the victory parade? In which town did the champions celebrate? Where was the trophy
              shown in the streets? Where did the parade take place? / In what town were the champions welcomed in the
              streets? Where did the winners drive in triumph? Through which town did they drive in triumph? Which
              town celebrated the champions in its streets?
            ? replay: Where was the friendly rematch? In which town did the two teams meet again? Where was the return
              match held? Where did the teams play a friendly later? / In what town was the second meeting? Where did
              both sides face each other once more? To which town did they travel for a friendly? Where was a second
              meeting held without a cup?
            """,
        ),
        fact(
            "dates",
            """
            - {S} was played on {date_final}. The competition had begun with the draw on {date_draw}; the
              last title of the winners dated from {date_title}, and a film about the match was shown on
              {date_film}.
            - On {date_final} the teams walked onto the pitch. A film about that day had its premiere on
              {date_film}. The draw had been held on {date_draw}, and the winners had last won a trophy on
              {date_title}.
            - The draw took place on {date_draw}, {S} itself on {date_final} and the first showing of a film
              about it on {date_film}. The previous title of the champions had been won on {date_title}.
            - A documentary film came to the cinemas on {date_film}. The match it describes was played on
              {date_final}, after a draw on {date_draw}. The champions had waited for a title since
              {date_title}.
            + Kick-off was on {date_final}, whereas the lots had been drawn on {date_draw}. For the
              champions it was the first trophy since {date_title}; for cinema audiences there was a film on
              {date_film}.
            + The lots were drawn on {date_draw}. The champions, whose last trophy dated back to
              {date_title}, won again on {date_final}; a film of it was seen for the first time on
              {date_film}.
            ? date_final: When was {S} played? On what date did {S} take place? On which day was {S}? What was the
              date of {S}? / When was {S} held? On which day was the match for the cup? On which day was the kick-off?
              On which day did the champions win again?
            ? date_draw: When was the draw? On what date did the draw take place? On which day was the draw
              held? What was the date of the draw? / When were the lots drawn? On which day did the drawing
              of lots take place?
            ? date_title: When had the winners last won a title? What was the date of the previous title? On which day
              did the champions win their last trophy before {S}? When did the champions last win something? / From
              what date was the earlier title of the champions? When had the champions been successful before? To
              which day did the last trophy of the champions date back?
            ? date_film: When was the film shown? On what date was the premiere of the film? On which day did the film
              come out? When was the documentary about {S} first seen? / When could people first watch the film? On
              which day did cinemas present {S} as a film? On which day was a film of {S} seen for the first time?
            """,
        ),
        fact(
            "figures",
            """
            - {crowd} spectators watched the match, guarded by {police} police officers. There were
              {corners} corner kicks, and {buses} buses brought the supporters home.
            - With {crowd} people in the stands, {police} policemen and policewomen were on duty. The
              supporters had come in {buses} buses and saw {corners} corners.
            - The statistics list {corners} corners, an attendance of {crowd}, {police} officers on duty and
              {buses} buses in the car park.
            - {buses} buses stood outside and {police} officers of the police. Inside, {crowd} fans counted
              {corners} corners.
            + Attendance was {crowd}. The police had sent {police} officers, the bus companies {buses}
              vehicles. Of corner kicks the records mention {corners}.
            + For safety {police} officers were present. {buses} buses had transported many of the {crowd}
              people in the crowd; the number of corner kicks was {corners}.
            ? crowd: How many people watched {S}? How many spectators were there? What was the attendance of {S}? How
              large was the crowd? / How many people attended {S}? How many fans were in the stadium? How many people
              were in the crowd?
            ? police: How many police officers were on duty? How many officers guarded the match? How large was the
              police force at {S}? What was the number of police officers? / How many members of the police were
              present? How many officers did the police send? How many officers had the police sent?
            ? corners: How many corners were there? What was the number of corner kicks? How many corner kicks did {S}
              have? How many times was a corner given? / How many corners do the records of {S} mention? How often was
              there a corner kick? How many corner kicks do the records mention?
            ? buses: How many buses brought supporters? In how many buses did fans travel? What was the number of
              buses? How many buses were used? / How many buses carried fans to {S}? How many vehicles did the bus
              companies send? How many vehicles had the bus companies sent?
            """,
        ),
        fact(
            "money",
            """
            - The champions received {prize}, and each player was paid a bonus of {bonus}. The losers had to
              pay a fine of {fine} for lighting fireworks; the cheapest seat had cost {seat}.
            - For fireworks in the stands a fine of {fine} was imposed. The prize money came to {prize}, the
              bonus for every player to {bonus}, and the cheapest ticket to {seat}.
            - {seat} was enough for the cheapest seat. The winners shared {prize} in prize money; a bonus of
              {bonus} went to each of the players. Fireworks cost their opponents a penalty of {fine}.
            - A player of the winning team got {bonus} extra, the club {prize}. Spectators paid {seat} for
              the cheapest seats. The penalty for burning fireworks was {fine}.
            + For the trophy there was {prize}, for each man on the team an extra {bonus}, and for the
              fireworks a penalty of {fine}. One could get in for {seat}.
            + One could get into the ground for {seat}. Fireworks led to a punishment of {fine}; victory was
              worth {prize} to the club and {bonus} to every single player.
            ? prize: How much prize money was there? What did the champions receive for winning? How much did the
              winners get? How high was the prize money of {S}? / What was victory in {S} worth to the club? How much
              money did the champions win? How much was there for the trophy?
            ? bonus: How much was the bonus for each player? What was every player paid? What bonus did the players
              get? How much extra did a player of the winners receive? / What was victory worth to a single player?
              How much did each man on the team earn? How much extra was there for each man on the team?
            ? fine: How much was the fine for the fireworks? What did the losers have to pay? How high was the
              penalty? What did lighting fireworks cost? / What was the punishment for the fireworks? How much money
              did the fireworks cost the club? How high was the penalty for the fireworks? To what punishment did
              fireworks lead?
            ? seat: How much was the cheapest seat? What did the cheapest ticket cost? How much did spectators pay for
              the cheapest seats? What was the lowest price of a seat? / For what price could one get into the
              stadium? For how much money could one see {S}? For what sum could one get into the ground?
            """,
        ),
        fact(
            "reasons",
            """
            - The kick-off was delayed because {kick_reason}. In the second half a goal was disallowed
              because {goal_reason}.
            - A goal in the second half did not count since {goal_reason}. The match had started late, as
              {kick_reason}.
            - Because {kick_reason}, the teams had to wait for the kick-off. Later the referee ruled out a
              goal, for {goal_reason}.
            - As {goal_reason}, a goal was cancelled after the break. The reason for the late start was
              another one: {kick_reason}.
            + {S} could not begin on time since {kick_reason}. A goal after half-time was declared invalid
              because {goal_reason}.
            + One goal was taken back after half-time because {goal_reason}. That nobody could start
              punctually was due to an incident: {kick_reason}.
            ? kick_reason: Why was the kick-off delayed? Why did {S} start late? What held up the kick-off? For what
              reason did the teams have to wait? / Why did {S} not begin on time? What was the cause of the delay
              before the kick-off? Due to what incident could nobody start punctually? Why could {S} not begin on
              time?
            ? goal_reason: Why was a goal disallowed? Why did a goal not count? For what reason was a goal
              ruled out? What was wrong with the cancelled goal? / Why was one goal declared invalid? What
              led the referee to take back a goal?
            """,
            rank=3,
        ),
        fact(
            "causes",
            """
            - The captain left the pitch because {change_reason}. A trainer was suspended after the match
              because {ban_reason}.
            - Since {change_reason}, the captain had to be replaced. One of the assistant trainers was
              banned, for {ban_reason}.
            - An assistant trainer was punished with a ban because {ban_reason}. The captain had been taken
              off, as {change_reason}.
            - As {change_reason}, the captain could not go on. The ban that was imposed on a trainer had
              this reason: {ban_reason}.
            + The match was over early for the captain because {change_reason}. A trainer was forbidden to
              enter any stadium since {ban_reason}.
            + Stadiums were closed to one of the trainers afterwards, for {ban_reason}. The captain was
              substituted because {change_reason}.
            ? change_reason: Why did the captain leave the pitch? Why was the captain replaced? For what
              reason was the captain taken off? What forced the captain to stop? / Why was the captain
              substituted? Why could the captain not finish the match?
            ? ban_reason: Why was a trainer suspended? Why was the trainer banned? For what reason was a
              trainer punished? What led to the ban? / What had the trainer done wrong? Why was the trainer
              kept out of stadiums?
            """,
            rank=5,
        ),
        fact(
            "gifts",
            """
            - The best player was given {gift_best}, the losing captain {gift_loser} and the referee
              {gift_referee}. A supporter who had walked all the way received {gift_fan}.
            - As a consolation the losing captain got {gift_loser}. {gift_best} went to the best player and
              {gift_fan} to a supporter who had come on foot; the referee took home {gift_referee}.
            - There were presents for all: {gift_referee} for the referee, {gift_fan} for a supporter who
              had walked to the ground, {gift_best} for the best player and {gift_loser} for the captain of
              the losers.
            - A supporter who had made the journey on foot was surprised with {gift_fan}. The player of the
              match won {gift_best}, the man with the whistle {gift_referee}, and the beaten captain
              {gift_loser}.
            + The best man on the field could look forward to {gift_best}, the referee to {gift_referee},
              the captain of the beaten team to {gift_loser}. A supporter on foot was rewarded with
              {gift_fan}.
            + Nobody left empty-handed: a supporter who had come on foot was presented with {gift_fan}, the
              captain of the beaten team with {gift_loser}, the referee with {gift_referee} and the best man
              with {gift_best}.
            ? gift_best: What did the best player receive? What was given to the best player? What was the
              prize for the player of the match? What did the player of the match get? / With what was the
              best man on the field rewarded? What did the best man take home?
            ? gift_loser: What did the losing captain receive? What was given to the captain of the losers? What was
              the consolation for the beaten captain? What did the captain of the defeated team get? / With what was
              the losing captain consoled? What did the captain of the losing side take home? To what could the
              captain of the beaten team look forward? With what was the captain of the beaten team presented?
            ? gift_referee: What did the referee receive? What was given to the referee? What present was there for
              the referee? What did the referee get? / With what was the referee rewarded? What did the referee take
              home? With what was the referee presented?
            ? gift_fan: What did the supporter who walked receive? What was given to a fan who came on foot? What did
              the walking supporter get? What present was there for the supporter? / With what was a fan rewarded for
              walking? What did the fan on foot take home? With what was a supporter on foot rewarded? With what was a
              supporter presented who had come on foot?
            """,
        ),
        fact(
            "times",
            """
            - The start was held up for {wait}. The winners had trained together for {camp_time}; their
              captain had been with the club for {service}, and one of their trainers was banned for {ban}.
            - For {service} the captain of the champions had served the club. After {camp_time} in a
              training camp the team had to wait another {wait} for the kick-off. A trainer was suspended
              for {ban}.
            - A trainer was excluded from all matches for {ban}. The delay before the kick-off was {wait},
              the training camp of the champions had lasted {camp_time}, and their captain had been a member
              of the club for {service}.
            - The kick-off was {wait} late. It was the greatest day of the captain, who had played for the
              champions for {service}; the team had prepared for {camp_time}. One trainer was later barred
              for {ban}.
            + The champions had practised for {camp_time}. Then came {wait} of waiting because of the delay.
              Their captain had stayed with them for {service}; a suspension of {ban} hit one of the
              trainers.
            + The captain had worn the colours of the champions for {service}. {camp_time} of practice lay
              behind the team; the kick-off had to be put back by {wait}. For {ban} one trainer was not
              allowed into any stadium.
            ? wait: How long was the start delayed? How late was the kick-off? For how long was the start
              held up? How long did the teams wait for the kick-off? / By how much was the kick-off put
              back? How long was the delay at the beginning of {S}?
            ? camp_time: How long did the champions train for {S}? How long was the training camp? For how
              long did the winners prepare? How much time did the champions spend in the camp? / How long
              did the champions practise before {S}? What was the length of the training camp?
            ? service: How long had the captain been with the club? For how long had the captain served the
              club? How long had the captain been a member of the club? For how long had the captain played
              for the champions? / How long had the captain stayed with the champions? For how long had the
              captain worn the colours of the champions?
            ? ban: How long was the trainer banned? For how long was a trainer suspended? How long was the
              trainer excluded? What was the length of the ban? / For how long was a trainer not allowed
              into stadiums? How long did the suspension last?
            """,
        ),
    ),
    fillers=wordings(
        """
        - The grass was in excellent condition.
        - Both sets of supporters sang until the lights went out.
        - Experts praised the fairness of the two teams.
        - Radio listeners voted {S} the match of the decade.
        - Neither goalkeeper had a good day.
        + The wind changed direction at half-time.
        + Scarves of both teams can still be seen in the local pub.
        + The trophy was dented during the celebrations.
        + Nobody in the stands remained seated.
        """
    ),
)
