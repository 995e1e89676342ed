"""Passages about the election of a mayor: candidates, parties, promises and results."""

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

_PARTIES = ("the {} Party", "the {} Alliance", "the {} League", "the {} Union", "the {} Movement")

ELECTION = Kind(
    name="election",
    subject=(
        ("the <stem> mayoral election", "the election"),
        ("the <stem> town election", "the election"),
        ("the <stem> city election", "the election"),
    ),
    slots={
        "winner": Person(),
        "second": Person(),
        "third": Person(),
        "former": Person(),
        "clerk": Person(),
        "host": Person(),
        "party_winner": organisation(*_PARTIES),
        "party_second": organisation(*_PARTIES),
        "party_third": organisation(*_PARTIES),
        "paper": organisation("the {} Herald", "the {} Post"),
        "pledge_winner": Pick(AnswerType.OBJECT, "pledges"),
        "pledge_second": Pick(AnswerType.OBJECT, "pledges"),
        "pledge_third": Pick(AnswerType.OBJECT, "pledges"),
        "pledge_former": Pick(AnswerType.OBJECT, "pledges"),
        "date_call": Date(1950, 2012),
        "date_debate": DateAfter("date_call", 15, 80),
        "date_vote": DateAfter("date_debate", 4, 40),
        "date_oath": DateAfter("date_vote", 10, 60),
        "votes_winner": Amount(30_000, 60_000, 1),
        "votes_second": Amount(15_000, 29_000, 1),
        "votes_third": Amount(2_000, 14_000, 1),
        "invalid": Amount(110, 900, 1),
        "hall": landmark("{} Hall", "the {} Theatre"),
        "rally": landmark("{} Square", "{} Park"),
        "count": landmark("{} School", "{} Arena"),
        "office": landmark("{} Street", "{} Court"),
        "spend_winner": Money(20_000, 90_000, 1_000),
        "spend_second": Money(100_000, 400_000, 5_000),
        "spend_third": Money(1_000, 9_500, 100),
        "spend_town": Money(500_000, 900_000, 10_000),
        "campaign": Duration("weeks", 4, 15),
        "debate_time": Duration("minutes", 50, 95),
        "count_time": Duration("hours", 5, 30),
        "term": Duration("years", 3, 8),
        "early_reason": Pick(AnswerType.REASON, "early"),
        "recount_reason": Pick(AnswerType.REASON, "recount"),
        "late_reason": Pick(AnswerType.REASON, "late"),
        "quit_reason": Pick(AnswerType.REASON, "quit"),
        "origin_winner": Town(),
        "origin_second": Town(),
        "origin_third": Town(),
        "origin_clerk": Town(),
    },
    pools={
        "pledges": pool(
            """a new swimming pool | free bus rides | a bridge for cyclists | cheaper electricity | a second
            hospital | clean drinking water | a ban on night flights | lower rents | a night school | more
            playgrounds | a larger harbour""",
            """a tram to the airport | free school meals | a public library | smaller classes | a wind farm | an
            ice rink""",
        ),
        "early": pool(
            """the mayor had resigned over a scandal | the council had lost its majority | a court had declared
            the previous vote void | two districts had been merged | the mayor had been elected to
            parliament""",
            """the budget had been rejected three times | the mayor had moved to another country | the town
            charter had expired""",
        ),
        "recount": pool(
            """a bag of ballots was found in a cellar | one machine had counted backwards | the difference was
            smaller than expected | a clerk had mixed up two lists | some envelopes had been opened""",
            """the numbers of one district did not add up | several seals were broken | a page of the record was
            missing""",
        ),
        "late": pool(
            """a swarm of wasps had invaded the building | the key could not be found | the ballots had been
            delivered to a bakery | a power cut had struck the street""",
            """the driver with the ballot boxes had lost his way | the stairs had been freshly painted | the
            lift was stuck with the officials inside""",
        ),
        "quit": pool(
            """an old speech had been discovered | the signatures on the list were false | a doctor had advised it |
            the family business was in trouble | the donors had withdrawn their money""",
            """a secret recording had been published | nobody came to the rallies | a better post had been
            offered elsewhere""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} was won by {winner}, who replaced {former}.
            - In {S} {winner} was voted into office, taking over from {former}.
            - {winner} emerged as the winner of {S}. The office had been held by {former} until then.
            - {S} brought a change: the voters chose {winner} to follow {former}.
            + Victory in {S} went to {winner}; {former} had to clear the desk.
            + {former} had been in office until {S}, from which {winner} came out on top.
            ? winner: Who won {S}? Who was elected in {S}? Whom did the voters choose in {S}? Who was the winner of
              {S}? / Who was successful in {S}? Which candidate was victorious in {S}? To whom did victory go in {S}?
              Who came out on top?
            ? former: Who had been in office before {S}? Whom did the winner replace? Who held the office until {S}?
              Who was the predecessor of the winner? / Who was in power until {S}? Who lost the office through {S}?
              Who had to clear the desk?
            """,
            opening=True,
        ),
        fact(
            "candidates",
            """
            - {second} came second and {third} third. The votes were counted under {clerk}, and the debate
              was moderated by {host}.
            - {host} led the television debate. In the final ranking {second} took second place, {third}
              third place; {clerk} supervised the count.
            - The second place went to {second}, the third to {third}. As returning officer {clerk} was
              responsible for the count; {host} moderated the debate.
            - {third} had to be content with the third place, behind {second} in second. {host} chaired the
              debate and {clerk} the counting of the votes.
            + The runner-up was {second}, followed by {third} in third position. The questions in the debate
              were asked by {host}; {clerk} watched over the counting.
            + {clerk} watched over the counting, which put {second} in second position and {third} in third.
              The debate had been in the hands of {host}.
            ? second: Who came second? Who took second place in {S}? Which candidate was second? Who finished second?
              / Who was the runner-up in {S}? Which candidate got into second position? Whom did the counting put in
              second position?
            ? third: Who came third? Who took third place in {S}? Which candidate was third? Who finished
              third? / Who was third in {S}? Which candidate got into third position?
            ? clerk: Who supervised the count? Under whom were the votes counted? Who was the returning
              officer? Who was responsible for the count? / Who watched over the counting? Who made sure
              that the votes were counted properly?
            ? host: Who moderated the debate? Who led the debate? Who chaired the debate? By whom was the
              debate moderated? / Who asked the questions in the debate? In whose hands was the debate?
            """,
        ),
        fact(
            "parties",
            """
            - The winner stood for {party_winner}, the candidate in second place for {party_second} and the
              one in third place for {party_third}. {paper} supported the winner.
            - {party_second} nominated the candidate who came second, {party_third} the one who came third.
              The winner had been put forward by {party_winner} and was backed by {paper}.
            - Behind the winner stood {party_winner} and a newspaper, {paper}. {party_third} was the party
              of the candidate in third place, {party_second} that of the candidate in second place.
            - A newspaper, {paper}, took sides with the winner, a member of {party_winner}. The second in
              the ranking belonged to {party_second}, the third to {party_third}.
            + With {party_winner} the winner had the strongest party. {party_third} ended up third with its
              candidate and {party_second} second with its own. Readers of {paper} were told to vote for the
              winner.
            + The press was divided, but {paper} recommended the winner. That candidate came from
              {party_winner}, the runner-up from {party_second} and the third from {party_third}.
            ? party_winner: For which party did the winner stand? Which party did the winner belong to? By whom was
              the winner put forward? What was the party of the winner? / Which party won {S}? To which party did the
              victorious candidate belong? From which party did the candidate come whom the press recommended?
            ? party_second: For which party did the candidate in second place stand? Which party came second? What was
              the party of the candidate in second place? Which party nominated the candidate who was second? / Which
              party did the runner-up represent? To which party did the runner-up belong? Which party ended up second?
            ? party_third: For which party did the candidate in third place stand? Which party came third? What was
              the party of the candidate in third place? Which party nominated the candidate who was third? / Which
              party took the third position? To which party did the third candidate belong? Which party ended up
              third?
            ? paper: Which newspaper supported the winner? Which newspaper backed the winner? Which paper
              took sides with the winner? What newspaper was on the side of the winner? / Which newspaper
              recommended the winner? What newspaper asked its readers to vote for the winner?
            """,
        ),
        fact(
            "pledges",
            """
            - The winner promised {pledge_winner}, while the candidate in second place called for
              {pledge_second} and the one in third place for {pledge_third}. The previous mayor had never
              delivered {pledge_former}.
            - {pledge_second} was the main demand of the candidate who came second, {pledge_third} that of
              the one who came third. The winner had campaigned for {pledge_winner}; under the previous
              mayor the voters had waited in vain for {pledge_former}.
            - Under the previous mayor the town never got {pledge_former}. Now the later winner held out the
              prospect of {pledge_winner}. The second in the ranking wanted {pledge_second}, the third
              {pledge_third}.
            - Voters could choose between {pledge_third}, the promise of the candidate who ended up third,
              {pledge_winner}, that of the winner, and {pledge_second}, that of the second. The previous
              mayor had failed to bring about {pledge_former}.
            + The programme of the winner centred on {pledge_winner}, that of the runner-up on
              {pledge_second}, that of the third candidate on {pledge_third}. The mayor before had broken a
              promise, namely {pledge_former}.
            + A broken promise of the mayor before, {pledge_former}, was on everyone's lips. The winner
              spoke of {pledge_winner}; the runner-up pleaded for {pledge_second} and the third candidate
              for {pledge_third}.
            ? pledge_winner: What did the winner promise? For what did the winner campaign? What was the
              promise of the winner? What did the later winner want? / What was the programme of the winner
              about? What did the successful candidate stand for?
            ? pledge_second: What did the candidate in second place promise? What was the demand of the
              candidate who came second? For what did the second candidate call? What did the second in the
              ranking want? / What was the programme of the runner-up about? What did the runner-up plead
              for?
            ? pledge_third: What did the candidate in third place promise? What was the demand of the
              candidate who came third? For what did the third candidate call? What did the third in the
              ranking want? / What was the programme of the third candidate about? What did the third
              candidate plead for?
            ? pledge_former: What did the previous mayor not deliver? For what did voters wait in vain under
              the previous mayor? What had the previous mayor failed to do? What did the town never get
              under the previous mayor? / Which promise had the mayor before broken? What did the old mayor
              not bring about?
            """,
        ),
        fact(
            "dates",
            """
            - {S} was called on {date_call}. The debate was broadcast on {date_debate}, the vote was held on
              {date_vote}, and the new mayor took the oath on {date_oath}.
            - Voting took place on {date_vote}. The date had been announced on {date_call}; the candidates
              debated on {date_debate}, and the oath was sworn on {date_oath}.
            - On {date_debate} the candidates met for a debate. {S} had been called on {date_call}. The
              polls opened on {date_vote}, and on {date_oath} the new mayor was sworn in.
            - The new mayor was sworn in on {date_oath}. The people had voted on {date_vote}, after a debate
              on {date_debate}; the announcement had come on {date_call}.
            + It was announced on {date_call} that there would be a vote. The candidates argued on
              television on {date_debate}. Polling day was {date_vote}; the winner entered office on
              {date_oath}.
            + The winner entered office on {date_oath}. Polling day had been {date_vote}, the evening of the
              televised argument {date_debate} and the day of the announcement {date_call}.
            ? date_call: When was {S} called? On what date was {S} announced? On which day was {S} called?
              When was the date of the vote announced? / On which day was it announced that there would be a
              vote? When did people learn that there would be a vote?
            ? date_debate: When was the debate? On what date was the debate broadcast? On which day did the
              candidates debate? When did the candidates meet for a debate? / On which day did the
              candidates argue on television? When did the televised argument take place?
            ? date_vote: When was the vote held? On what date did the people vote? On which day did the
              polls open? When did voting take place in {S}? / What was the polling day of {S}? On which day
              could people go to the polls?
            ? date_oath: When was the oath sworn? On what date did the new mayor take the oath? On which day
              was the new mayor sworn in? When was the winner sworn in? / On which day did the winner enter
              office? When did the new mayor start to govern?
            """,
        ),
        fact(
            "results",
            """
            - The winner received {votes_winner} votes, the second {votes_second} and the third
              {votes_third}; {invalid} ballots were invalid.
            - {invalid} ballots could not be counted. Of the valid ones {votes_second} went to the second,
              {votes_winner} to the winner and {votes_third} to the third.
            - With {votes_winner} votes the winner was far ahead of the second, who got {votes_second}, and
              of the third, who got {votes_third}. There were {invalid} invalid ballots.
            - For the third candidate {votes_third} votes were cast, for the second {votes_second} and for
              the winner {votes_winner}. Another {invalid} were declared invalid.
            + {votes_winner} people had voted for the winner, {votes_second} for the runner-up and
              {votes_third} for the third. Spoilt ballots numbered {invalid}.
            + The ballots of {votes_second} voters bore the name of the runner-up, those of {votes_third}
              that of the third and those of {votes_winner} that of the winner. {invalid} were spoilt.
            ? votes_winner: How many votes did the winner receive? How many people voted for the winner? What was the
              number of votes for the winner? With how many votes was {S} won? / How many votes brought victory? How
              many ballots had the name of the winner? How many people had voted for the winner?
            ? votes_second: How many votes did the second receive? How many votes were cast for the second candidate?
              What was the number of votes for the second? How many votes did the candidate in second place get? / How
              many people voted for the runner-up? How many votes were there for the runner-up? How many ballots bore
              the name of the runner-up?
            ? votes_third: How many votes did the third receive? How many votes were cast for the third candidate?
              What was the number of votes for the third? How many votes did the candidate in third place get? / How
              many people voted for the third? How many votes went to the last of the three? How many had voted for
              the third candidate?
            ? invalid: How many ballots were invalid? How many ballots could not be counted? What was the
              number of invalid ballots? How many votes were declared invalid? / How many ballots were
              spoilt? How many ballots were not valid?
            """,
        ),
        fact(
            "sites",
            """
            - The debate took place in {hall}, the largest rally in {rally} and the count in {count}. Voters
              could register in {office}.
            - Ballots were counted in {count}. The winner had spoken to the largest crowd in {rally}; the
              candidates debated in {hall}, and the place for registering was {office}.
            - For registering one had to go to {office}. {hall} was the scene of the debate, {rally} that of
              the largest rally and {count} that of the count.
            - {rally} was filled for the largest rally, {hall} for the debate. The votes were taken to
              {count} to be counted. The register of voters lay open in {office}.
            + The candidates faced each other in {hall}. The greatest crowd gathered in {rally}; all ballots
              were carried to {count}, and the names of voters were taken down in {office}.
            + In {office} voters had their names taken down, in {hall} they heard the candidates argue, in
              {rally} they gathered in the greatest number, and in {count} their ballots were counted.
            ? hall: Where did the debate take place? Where was the debate held? Where did the candidates
              debate? What was the scene of the debate? / In what place did the candidates face each other?
              Where could one hear the candidates argue?
            ? rally: Where was the largest rally? Where did the largest crowd come together? What was the
              scene of the largest rally? Where was the biggest rally of {S} held? / In what place did the
              greatest crowd gather? Where did the most supporters meet?
            ? count: Where were the votes counted? Where did the count take place? Where were the ballots
              counted? What was the scene of the count? / To what place were the ballots carried? Where was
              it worked out how many votes each had?
            ? office: Where could voters register? Where did one have to go to register? What was the place
              for registering? Where was the register of voters? / In what place were the names of voters
              taken down? Where did voters give their names?
            """,
        ),
        fact(
            "money",
            """
            - The winner spent {spend_winner} on the campaign, the candidate in second place {spend_second}
              and the one in third place {spend_third}. The town paid {spend_town} for {S}.
            - {S} cost the town {spend_town}. The campaign of the second swallowed {spend_second}, that of
              the third {spend_third} and that of the winner {spend_winner}.
            - With {spend_third} the third candidate had the smallest budget; the second had {spend_second}
              and the winner {spend_winner}. To organise it all the town needed {spend_town}.
            - A budget of {spend_winner} was enough for the winner, although the candidate in second place
              had {spend_second}. {spend_third} was all that the third had. The town itself bore costs of
              {spend_town}.
            + The expenses of the runner-up reached {spend_second}, those of the winner {spend_winner},
              those of the third {spend_third} and those of the town {spend_town}.
            + {spend_town} was taken from the purse of the town. The runner-up had {spend_second} at hand,
              the winner {spend_winner} and the third {spend_third}.
            ? spend_winner: How much did the winner spend? What was the budget of the winner? How much did the
              campaign of the winner cost? What sum did the winner spend? / How high were the expenses of the winner?
              How much money did the victorious candidate have? How much did the winner have at hand?
            ? spend_second: How much did the candidate in second place spend? What was the budget of the
              second candidate? How much did the campaign of the second cost? What sum did the second spend?
              / How high were the expenses of the runner-up? How much money did the runner-up have?
            ? spend_third: How much did the candidate in third place spend? What was the budget of the third
              candidate? How much did the campaign of the third cost? What sum did the third spend? / How high were
              the expenses of the third candidate? How much money did the third candidate have? How much did the third
              candidate have at hand?
            ? spend_town: How much did {S} cost the town? What did the town pay for {S}? How much did the town need to
              organise {S}? What were the costs of the town? / How high were the expenses of the town? How much money
              did the town use for {S}? How much was taken from the purse of the town? What sum did the expenses of
              the town reach?
            """,
        ),
        fact(
            "times",
            """
            - The campaign lasted {campaign}, the debate {debate_time} and the count {count_time}. The term
              of office is {term}.
            - A mayor is elected for {term}. The counting of the votes took {count_time}; there had been
              {campaign} of campaigning and a debate of {debate_time}.
            - For {campaign} the candidates campaigned, for {debate_time} they debated. The officials
              counted for {count_time}. Whoever wins may govern for {term}.
            - It took {count_time} to count all votes. The debate had gone on for {debate_time}, the
              campaign for {campaign}. The next vote is due after {term}.
            + The candidates toured the streets for {campaign} and argued in front of cameras for
              {debate_time}. The result was known after {count_time}; it is valid for {term}.
            + The winner can rule for {term}. The result became known after {count_time}. Touring the
              streets had occupied the candidates for {campaign}, arguing on television for {debate_time}.
            ? campaign: How long was the campaign? For how long did the candidates campaign? How much time
              did the campaign take? What was the length of the campaign? / How long did the candidates tour
              the streets? For how long did the candidates fight for votes?
            ? debate_time: How long was the debate? For how long did the candidates debate? How much time did the
              debate take? What was the length of the debate? / How long did the candidates argue on television? For
              how long were the candidates in front of cameras? How long did arguing on television occupy the
              candidates?
            ? count_time: How long was the count? For how long did the officials count? How much time did
              the count take? How long did it take to count all votes? / After what time was the result
              known? How long did people wait for the result?
            ? term: How long is the term of office? For how long is a mayor elected? For what time may the
              winner govern? How long does a mayor stay in office? / How long is the result valid? For how
              long can the winner rule?
            """,
        ),
        fact(
            "reasons",
            """
            - {S} was held early because {early_reason}. The votes had to be recounted because
              {recount_reason}.
            - A recount became necessary since {recount_reason}. {S} had been called ahead of time, as
              {early_reason}.
            - Because {early_reason}, the people voted earlier than usual. All ballots were counted twice,
              for {recount_reason}.
            - As {recount_reason}, the counting was repeated. There was a simple reason for the early date:
              {early_reason}.
            + The usual time was not kept because {early_reason}. A second count was ordered since
              {recount_reason}.
            + A judge ordered a second count because {recount_reason}. That people had to vote before the
              usual time was due to the fact that {early_reason}.
            ? early_reason: Why was {S} held early? Why did the people vote earlier than usual? For what
              reason was {S} called ahead of time? What was the reason for the early date? / Why was the
              usual time not kept? Why did people vote before the usual time?
            ? recount_reason: Why were the votes recounted? Why was there a recount? For what reason were
              the ballots counted twice? What made a recount necessary? / Why was a second count ordered?
              What led to the second count?
            """,
        ),
        fact(
            "causes",
            """
            - One polling station opened late because {late_reason}. A fourth candidate withdrew because
              {quit_reason}.
            - A fourth candidate gave up since {quit_reason}. Voters at one polling station had to wait, as
              {late_reason}.
            - Because {late_reason}, the doors of one polling station stayed closed at first. The fourth
              candidate had left the race, for {quit_reason}.
            - As {quit_reason}, there was no fourth candidate in the end. The late opening of one polling
              station had this reason: {late_reason}.
            + In one district nobody could vote in the first hour because {late_reason}. A fourth name was
              taken off the list since {quit_reason}.
            + The fourth name disappeared from the list because {quit_reason}. Voters in one district stood
              before locked doors, for {late_reason}.
            ? late_reason: Why did one polling station open late? Why did voters have to wait at one polling
              station? For what reason did a polling station stay closed at first? What caused the late
              opening? / Why could nobody vote in one district in the first hour? Why did voters in one
              district stand before locked doors?
            ? quit_reason: Why did the fourth candidate withdraw? Why did a fourth candidate give up? For
              what reason did one candidate leave the race? What made the fourth candidate withdraw? / Why
              was a fourth name taken off the list? Why did the fourth name disappear?
            """,
        ),
        fact(
            "origins",
            """
            - The winner was born in {origin_winner}, the candidate in second place in {origin_second} and
              the one in third place in {origin_third}. The official who announced the result had come from
              {origin_clerk}.
            - {origin_second} was the birthplace of the second candidate, {origin_third} that of the third.
              The winner came from {origin_winner}, and the official who read out the result from
              {origin_clerk}.
            - Nobody was a native: the winner had grown up in {origin_winner}, the second in
              {origin_second}, the third in {origin_third}, and the official who announced the result in
              {origin_clerk}.
            - From {origin_clerk} came the official who announced the result. The third candidate hailed
              from {origin_third}, the second from {origin_second}, the winner from {origin_winner}.
            + {origin_winner} can be proud of the winner and {origin_second} of the runner-up. The third
              candidate had roots in {origin_third}; the result was read out by an official from
              {origin_clerk}.
            + With an official from {origin_clerk} who read out the result, a winner from {origin_winner}, a
              runner-up from {origin_second} and a third candidate from {origin_third}, no one had local
              roots.
            ? origin_winner: Where did the winner come from? In which town was the winner born? Where had
              the winner grown up? What was the home town of the winner? / Which town can be proud of the
              winner? From which town was the victorious candidate?
            ? origin_second: Where did the second candidate come from? In which town was the candidate in
              second place born? Where had the second candidate grown up? What was the home town of the
              second? / Which town can be proud of the runner-up? From which town was the runner-up?
            ? origin_third: Where did the third candidate come from? In which town was the candidate in
              third place born? Where had the third candidate grown up? What was the home town of the third?
              / Where did the third candidate have roots? From which town was the third candidate?
            ? origin_clerk: Where did the official come from? From which town was the official who announced
              the result? Where had the official grown up? What was the home town of the official? / From
              which town was the person who read out the result? What were the roots of the official?
            """,
        ),
    ),
    fillers=wordings(
        """
        - The turnout was higher than anyone had predicted.
        - Pollsters had expected a different outcome.
        - It rained all day.
        - Many people voted for the first time.
        - Posters covered every lamp post.
        - Foreign reporters took little notice of {S}.
        + The queues reached around the corner.
        + Bookmakers lost a good deal of money.
        + Both camps sang the same song in the evening.
        + Young voters in particular were enthusiastic.
        """
    ),
)
