"""Passages about a music album: songs, musicians, recording and reception."""

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
    Year,
    organisation,
)

ALBUM = Kind(
    name="album",
    subject=(
        ("<stem> Nights", "the album"),
        ("Letters from <stem>", "the album"),
        ("The Road to <stem>", "the album"),
        ("<stem> Avenue", "the record"),
        ("Farewell to <stem>", "the record"),
    ),
    rival=("<stem> Mornings", "The <stem> Tapes"),
    slots={
        "singer": Person(),
        "label": organisation("{} Records", "{} Music"),
        "producer": Person(),
        "drummer": Person(),
        "bassist": Person(),
        "photographer": Person(),
        "song_open": Pick(AnswerType.OBJECT, "songs"),
        "song_single": Pick(AnswerType.OBJECT, "songs"),
        "song_long": Pick(AnswerType.OBJECT, "songs"),
        "song_cover": Pick(AnswerType.OBJECT, "songs"),
        "date_start": Date(1962, 2014),
        "date_release": DateAfter("date_start", 110, 500),
        "date_concert": DateAfter("date_release", 7, 300),
        "date_award": DateAfter("date_concert", 30, 500),
        "studio": Town(),
        "mixing": Town(),
        "premiere": Town(),
        "video": Town(),
        "tool_open": Pick(AnswerType.ITEM, "instruments"),
        "tool_end": Pick(AnswerType.ITEM, "instruments"),
        "tool_solo": Pick(AnswerType.ITEM, "instruments"),
        "tool_home": Pick(AnswerType.ITEM, "instruments"),
        "copies": Amount(30_000, 900_000, 1_000),
        "takes": Amount(21, 90),
        "guests": Amount(13, 40),
        "countries": Amount(22, 60),
        "record_time": Duration("weeks", 3, 14),
        "chart_time": Duration("months", 4, 20),
        "play_time": Duration("minutes", 31, 74),
        "quarrel_time": Duration("years", 3, 12),
        "magazine": organisation("the {} Review", "the {} Monthly"),
        "hall": organisation("the {} Opera", "the {} Theatre"),
        "orchestra": organisation("the {} Philharmonic", "the {} Strings"),
        "title_reason": Pick(AnswerType.REASON, "title"),
        "delay_reason": Pick(AnswerType.REASON, "delay"),
        "leave_reason": Pick(AnswerType.REASON, "leave"),
        "ban_reason": Pick(AnswerType.REASON, "ban"),
        "budget": Money(10_000, 90_000, 1_000),
        "advance": Money(100_000, 400_000, 5_000),
        "video_cost": Money(1_000, 9_500, 100),
        "auction": Money(410_000, 900_000, 10_000),
        "rival_singer": Person(),
        "rival_town": Town(),
        "rival_year": Year(1962, 2018),
        "composer": Person(),
        "poet": Person(),
        "poet_town": Town(),
    },
    pools={
        "songs": pool(
            """"Paper Boats" | "Winter Coat" | "Salt and Sugar" | "The Last Tram" | "Ninety Miles" | "Blue
            Umbrella" | "Slow Dancer" | "Broken Radio" | "My Brother's Keys" | "Kitchen Lights" | "Under the
            Bridge of Stars" | "Silver Thread" | "Postcard" | "Hollow Drum\"""",
            """"Empty Carousel" | "Seven Crows" | "A Map of You" | "Tin Roof" | "Marigold" | "Stay Until
            Noon" | "The Ferryman" | "Velvet Stairs\"""",
        ),
        "instruments": pool(
            """a harpsichord | a banjo | a steel drum | a bassoon | a pair of bagpipes | a mandolin | a church organ |
            a tuba | a glockenspiel | a cello | a toy piano""",
            """an accordion | a sitar | a harp | a trombone | a xylophone | a zither""",
        ),
        "title": pool(
            """the words had been painted on a garage | a grandmother had lived there | a fortune teller had
            suggested it | it was the name of a lost dog | the singer had dreamed of it""",
            """a taxi driver kept repeating it | it stood on an old suitcase | a child had mispronounced another
            title""",
        ),
        "delay": pool(
            """the tapes had been left on a train | the cover had to be reprinted | the singer could not get a visa |
            the pressing plant was on strike | a lawyer objected to one of the lyrics""",
            """a pipe had burst above the archive | the mixing desk caught fire | a sample had not been paid
            for""",
        ),
        "leave": pool(
            """his name was missing from the cover | he could not stand the heat in the studio | he had been offered a
            role in a film | his wife was expecting twins | his hands hurt too much""",
            """he had quarrelled about the tempo | his visa had run out | he wanted to become a monk""",
        ),
        "ban": pool(
            """the lyrics mentioned a brand of soap | a minister felt insulted | the chorus sounded like an alarm |
            it made fun of a saint""",
            """it named a secret airfield | listeners took it for a distress call | it contained a swear
            word""",
        ),
    },
    facts=(
        fact(
            "opening",
            """
            - {S} is an album by {singer} that was published by {label}.
            - {singer} recorded {S} for {label}; it is considered a classic.
            - With {S}, {singer} delivered a first album for {label}.
            - The album {S} made {singer} famous. It came out on {label}.
            + {label} brought out {S}, the best known album of {singer}.
            + {S} is the title of an album that {singer} made under contract to {label}.
            ? singer: Who recorded {S}? Whose album is {S}? By whom is {S}? Who made {S}? / Who is the artist on {S}?
              Who became famous with {S}? Whose best known album is {S}? Who made the album under contract?
            ? label: Which label published {S}? For which label was {S} recorded? On which label did {S}
              come out? Which company published {S}? / Which company brought out {S}? With which label did
              the artist have a contract?
            """,
            opening=True,
        ),
        fact(
            "people",
            """
            - {producer} produced the recordings. {drummer} played the drums and {bassist} the bass; the
              cover photograph was taken by {photographer}.
            - On the drums one hears {drummer}, on the bass {bassist}. The picture on the cover is by
              {photographer}, the production by {producer}.
            - The bass was played by {bassist}, the drums by {drummer}. As producer {producer} was hired,
              and {photographer} as photographer for the cover.
            - For the cover {photographer} took a photograph at dawn. {producer} was the producer; {bassist}
              played bass and {drummer} drums.
            + In the studio {producer} was in command. The rhythm was provided by {drummer} at the drums and
              {bassist} with the bass guitar. Behind the camera for the cover stood {photographer}.
            + Behind the camera for the cover stood {photographer}. The bass guitar is that of {bassist},
              the drumming that of {drummer}, and {producer} was in command in the studio.
            ? producer: Who produced {S}? Who was the producer of {S}? By whom was {S} produced? Who was
              responsible for the production? / Who was in command in the studio? Who directed the
              recordings of {S}?
            ? drummer: Who played the drums on {S}? Who was the drummer? Whom does one hear on the drums? By whom were
              the drums played? / Whose drumming can be heard on {S}? Who sat at the drums? Who provided the rhythm at
              the drums?
            ? bassist: Who played the bass on {S}? Who was the bass player? Whom does one hear on the bass?
              By whom was the bass played? / Whose bass guitar can be heard on {S}? Who was there with the
              bass guitar?
            ? photographer: Who took the cover photograph? Who was the photographer of the cover? By whom is
              the picture on the cover? Who made the picture for the cover? / Who stood behind the camera?
              Who photographed the cover of {S}?
            """,
        ),
        fact(
            "songs",
            """
            - The first track is {song_open}. {song_single} became the hit single, {song_long} is the
              longest piece, and {song_cover} had been written by someone else.
            - {song_single} was released as a single. The longest piece is {song_long}; the only song by
              another songwriter is {song_cover}, and the opening track is called {song_open}.
            - {S} opens with {song_open}. The longest of its pieces, {song_long}, fills half a side, while
              the single {song_single} was played by every radio station. {song_cover} is a cover version.
            - Only {song_cover} is not an original. {song_long} lasts longer than any other piece; as a
              single {song_single} was chosen, and as the first track {song_open}.
            + Listeners are greeted by {song_open}. Radio stations loved {song_single}, the single. No piece
              takes as much time as {song_long}, and one, {song_cover}, was borrowed from another
              songwriter.
            + One piece, {song_cover}, was borrowed from another songwriter. The piece that takes the most
              time is {song_long}, the one that radio stations loved as a single {song_single}, and the one
              that greets the listener {song_open}.
            ? song_open: Which song opens {S}? What is the first track? What is the opening track of {S}?
              With which song does {S} begin? / By which song are listeners greeted? Which piece comes first
              on {S}?
            ? song_single: Which song became a single? What was the hit single? Which song was released as a
              single? What was the single from {S}? / Which song did radio stations love? Which piece was a
              success on the radio?
            ? song_long: Which song is the longest? What is the longest piece on {S}? Which piece lasts
              longest? What is the longest track of {S}? / Which piece takes the most time? Which song goes
              on for longer than the others?
            ? song_cover: Which song is a cover version? Which song was written by someone else? What is the
              only song by another songwriter? Which song is not an original? / Which piece was borrowed?
              Which song was taken over from another songwriter?
            """,
        ),
        fact(
            "dates",
            """
            - Recording began on {date_start}. {S} was released on {date_release}, performed in full for the
              first time on {date_concert} and honoured with an award on {date_award}.
            - The release was on {date_release}, the award ceremony on {date_award}. The first recording
              session had taken place on {date_start}; a concert with all songs followed on {date_concert}.
            - On {date_award} {S} received an award. It had been recorded from {date_start} on and released
              on {date_release}. All of its songs were played in a concert on {date_concert}.
            - Shops sold {S} from {date_release}. The work in the studio had started on {date_start}. A
              concert with the complete programme was given on {date_concert}, and an award was won on
              {date_award}.
            + The musicians entered the studio on {date_start}. The record reached the shops on
              {date_release}, the stage on {date_concert} and the winners' podium on {date_award}.
            + On {date_concert} an audience could hear {S} live. Customers had been able to buy it since
              {date_release}; the musicians had gone into the studio on {date_start}, and on {date_award}
              there was a prize.
            ? date_start: When did the recording begin? On what date did recording start? When was the first
              recording session? On which day did the work in the studio begin? / When did the musicians
              enter the studio? On which day did they start to record {S}?
            ? date_release: When was {S} released? On what date did {S} come out? When was the release of
              {S}? From which day did shops sell {S}? / When did {S} reach the shops? Since which day could
              customers buy {S}?
            ? date_concert: When was {S} first performed in full? On what date was the concert with all
              songs? When were all of the songs played in a concert? On which day was the concert given? /
              When did {S} reach the stage? On which day could an audience hear {S} live?
            ? date_award: When did {S} receive an award? On what date was the award ceremony? When was {S} honoured
              with an award? On which day was the award won? / When did {S} get a prize? On which day was {S} given a
              prize? On which day did {S} reach the winners' podium?
            """,
        ),
        fact(
            "towns",
            """
            - {S} was recorded in {studio}, mixed in {mixing} and presented to the press in {premiere}. The
              video was shot in {video}.
            - The press first heard {S} in {premiere}. The recordings were made in {studio}, the mix in
              {mixing} and the pictures for the video in {video}.
            - For the video a film crew went to {video}. The studio was in {studio}; the mixing was done in
              {mixing}, and journalists were invited to {premiere}.
            - In {mixing} the tapes were mixed, after they had been recorded in {studio}. {premiere} was the
              place of the presentation to the press, {video} that of the video.
            + The microphones stood in {studio}, the mixing desk in {mixing}. Reporters listened to the
              result in {premiere}, and the cameras for the video rolled in {video}.
            + Cameras rolled for the video in {video}. What the microphones had picked up in {studio} was
              balanced in {mixing} and played to reporters in {premiere}.
            ? studio: Where was {S} recorded? In which town were the recordings made? Where was the studio? In which
              town was the album recorded? / Where did the microphones stand? In which town did the musicians record?
              In which town did the microphones pick up the music?
            ? mixing: Where was {S} mixed? In which town was the mix made? Where was the mixing done? In which town
              were the tapes mixed? / Where was the mixing desk? In which town did somebody mix the sound? Where was
              the sound of the microphones balanced?
            ? premiere: Where was {S} presented to the press? In which town did the press hear {S}? Where
              were journalists invited? In which town was the presentation? / Where did reporters listen to
              {S}? In which town was {S} played to reporters?
            ? video: Where was the video shot? In which town was the video made? Where did a film crew go
              for the video? In which town were the pictures for the video taken? / Where did the cameras
              roll? In which town was the video filmed?
            """,
        ),
        fact(
            "instruments",
            """
            - The first song starts with {tool_open}, and the last one ends with {tool_end}. A famous solo
              is played on {tool_solo}; the melodies had been composed on {tool_home}.
            - All melodies were composed on {tool_home}. At the very beginning one hears {tool_open}, at the
              very end {tool_end}. The best known solo was played on {tool_solo}.
            - The best known solo is that on {tool_solo}. While {tool_home} was used for composing, the
              sound of {tool_open} marks the beginning and that of {tool_end} the end.
            - For composing there was only {tool_home}. The record begins with {tool_open}, closes with
              {tool_end} and has a famous solo on {tool_solo}.
            + The opening notes come from {tool_open}, the closing notes from {tool_end}. The songwriter
              worked at home with {tool_home}, and what everyone remembers is a solo on {tool_solo}.
            + Everyone remembers a solo on {tool_solo}. At home the songwriter had worked with {tool_home};
              the closing notes belong to {tool_end}, the opening notes to {tool_open}.
            ? tool_open: With which instrument does {S} begin? What does one hear at the very beginning?
              Which instrument starts the first song? What sound marks the beginning? / Which instrument
              plays the opening notes? From which instrument do the first notes come?
            ? tool_end: With which instrument does {S} end? What does one hear at the very end? Which
              instrument ends the last song? What sound marks the end? / Which instrument plays the closing
              notes? From which instrument do the last notes come?
            ? tool_solo: On which instrument is the famous solo? What was used for the solo? On what was the
              best known solo played? Which instrument plays the solo? / Which solo does everyone remember?
              The solo of which instrument is remembered?
            ? tool_home: On which instrument were the melodies composed? What was used for composing? On
              what was the music composed? Which instrument served for composing? / With which instrument
              did the songwriter work? What did the songwriter play at home?
            """,
        ),
        fact(
            "figures",
            """
            - {copies} copies were sold in {countries} countries. The title song took {takes} attempts, and
              {guests} guest musicians took part.
            - With {guests} guests and after {takes} attempts the title song was finished. {S} is known in
              {countries} countries; sales have reached {copies} copies.
            - {S} sold {copies} times and was available in {countries} countries. {guests} guest musicians
              can be heard; the title song was recorded {takes} times before everyone was satisfied.
            - There were {takes} attempts at the title song. The number of guest musicians is {guests}, that
              of copies {copies}, that of countries {countries}.
            + The title song had to be played {takes} times. Helped by {guests} musicians from outside, {S}
              found {copies} buyers in {countries} countries.
            + {S} found {copies} buyers in {countries} countries. {guests} musicians came from outside to
              help. No fewer than {takes} versions were made of the title song.
            ? copies: How many copies were sold? How many copies of {S} were sold? What were the sales of {S}? How
              many times was {S} sold? / How many people bought {S}? How many buyers did {S} find? How many buyers did
              the record find?
            ? countries: In how many countries was {S} sold? In how many countries was {S} available? What is the
              number of countries? In how many countries is {S} known? / How many countries had buyers of {S}? In how
              many countries did people buy {S}? In how many countries did {S} find buyers?
            ? takes: How many attempts did the title song take? How many times was the title song recorded?
              How many attempts were there? What was the number of attempts? / How often did the title song
              have to be played? How many versions of the title song were made?
            ? guests: How many guest musicians took part? How many guests can be heard? What is the number
              of guest musicians? How many guests play on {S}? / How many musicians came from outside? How
              many musicians from outside helped with {S}?
            """,
        ),
        fact(
            "times",
            """
            - The recordings took {record_time}, and {S} stayed in the charts for {chart_time}. It runs for
              {play_time}; a legal quarrel about the rights lasted {quarrel_time}.
            - For {chart_time} {S} was in the charts. The music lasts {play_time} and was recorded in
              {record_time}. Lawyers argued about the rights for {quarrel_time}.
            - After {record_time} of recording the songs were finished. The playing time is {play_time}, the
              time in the charts was {chart_time}, and the dispute over the rights went on for
              {quarrel_time}.
            - Lawyers needed {quarrel_time} to settle the rights. The musicians had recorded for
              {record_time}; the result, {play_time} of music, was in the charts for {chart_time}.
            + The musicians worked in the studio for {record_time}. From the first note to the last
              {play_time} pass. The best seller lists named {S} for {chart_time}, and the courts were busy
              with the rights for {quarrel_time}.
            + The best seller lists named {S} for {chart_time}, although it offers only {play_time} of
              listening. The courts were busy with the rights for {quarrel_time}, the musicians with the
              recording for {record_time}.
            ? record_time: How long did the recordings take? In what time was {S} recorded? For how long did the
              musicians record? How much time did the recording take? / How long did the musicians work in the studio?
              For how long were the musicians busy with the recording? How long were the musicians busy with the
              recording of {S}?
            ? chart_time: How long was {S} in the charts? For how long did {S} stay in the charts? How much
              time did {S} spend in the charts? What was the time in the charts? / How long did the best
              seller lists name {S}? For how long was {S} a best seller?
            ? play_time: How long is {S}? For how long does {S} run? What is the playing time of {S}? How
              long does the music last? / How much time passes from the first note to the last? How long
              does it take to listen to {S}?
            ? quarrel_time: How long did the quarrel about the rights last? For how long did lawyers argue?
              How much time did the dispute take? How long did lawyers need to settle the rights? / How long
              were the courts busy? For how long was there a case about the rights?
            """,
        ),
        fact(
            "bodies",
            """
            - {magazine} named {S} the record of the year. The strings were played by {orchestra}, and the
              first concert was given at {hall}.
            - At {hall} the songs were performed for the first time. {orchestra} contributed the strings;
              the title of record of the year was awarded by {magazine}.
            - The string parts are the work of {orchestra}. {hall} was the scene of the first concert, and
              {magazine} chose {S} as record of the year.
            - Record of the year was the verdict of {magazine}. For the strings {orchestra} was engaged, for
              the first concert {hall} was hired.
            + The violins belong to {orchestra}. Critics of {magazine} put {S} in first place, and the live
              debut was at {hall}.
            + The live debut was at {hall}. In the list of {magazine} {S} took first place; the violins one
              hears are those of {orchestra}.
            ? magazine: Who named it the record of the year? Which magazine chose {S} as record of the year? By whom
              was the title of record of the year awarded? Which magazine honoured {S}? / Which magazine put {S} in
              first place? In whose list did {S} come first? The critics of which magazine put {S} in first place?
            ? hall: Where was the first concert? Where were the songs first performed? In which house was
              the first concert given? What was the scene of the first concert? / Where was the live debut?
              In which house could people first hear {S} live?
            ? orchestra: Who played the strings? Which orchestra contributed the strings? By whom were the string
              parts played? Which ensemble was engaged for the strings? / Whose violins can be heard? Which ensemble
              played the violins? To which ensemble do the violins belong?
            """,
        ),
        fact(
            "reasons",
            """
            - The title was chosen because {title_reason}. The release was delayed because {delay_reason}.
            - {S} could not be released on time since {delay_reason}. As for the title, it was picked
              because {title_reason}.
            - Because {delay_reason}, fans had to wait for the release. The record got its title as
              {title_reason}.
            - As {title_reason}, the title was soon found. The late release had a different reason:
              {delay_reason}.
            + The record has its name because {title_reason}. It reached the shops later than planned since
              {delay_reason}.
            + Shops had to wait because {delay_reason}. How the record came by its name is no secret:
              {title_reason}.
            ? title_reason: Why was the title chosen? Why does {S} have this title? For what reason was the
              title picked? What is the reason for the title? / Why does the record have its name? How did
              the record come by its name?
            ? delay_reason: Why was the release delayed? Why was {S} not released on time? For what reason
              did fans have to wait? What delayed the release? / Why did shops have to wait for {S}? Why did
              {S} reach the shops later than planned?
            """,
        ),
        fact(
            "causes",
            """
            - The first guitarist left during the recording because {leave_reason}. One song was banned from
              the radio because {ban_reason}.
            - A ban from the radio hit one of the songs since {ban_reason}. The first guitarist had gone
              before the end, as {leave_reason}.
            - Because {leave_reason}, the first guitarist had to be replaced. One of the songs could not be
              broadcast, for {ban_reason}.
            - As {ban_reason}, radio stations were forbidden to play one of the songs. The first guitarist
              had dropped out for a private reason: {leave_reason}.
            + Another guitarist had to be found because {leave_reason}. No station was allowed to play one
              of the songs since {ban_reason}.
            + One song was not allowed on the air because {ban_reason}. The guitarist did not stay until the
              end, for {leave_reason}.
            ? leave_reason: Why did the first guitarist leave? Why was the first guitarist replaced? For
              what reason did the first guitarist drop out? What made the first guitarist go? / Why did
              another guitarist have to be found? Why did the guitarist not stay until the end?
            ? ban_reason: Why was one song banned? Why could one of the songs not be broadcast? For what
              reason was a song banned from the radio? What led to the ban of a song? / Why was no station
              allowed to play one song? Why was one song not allowed on the air?
            """,
        ),
        fact(
            "money",
            """
            - The recording cost {budget} and the video {video_cost}. An advance of {advance} had been paid,
              and the handwritten lyrics were later auctioned for {auction}.
            - At an auction the handwritten lyrics fetched {auction}. The advance had been {advance};
              {budget} was spent on the recording and {video_cost} on the video.
            - For the video {video_cost} was enough, for the recording {budget}. The singer received an
              advance of {advance}. A collector bought the handwritten lyrics for {auction}.
            - The singer was paid {advance} in advance. A video was made for {video_cost} and the recording
              for {budget}; {auction} was the price of the handwritten lyrics at an auction.
            + A collector gave {auction} for the sheets with the lyrics. The time in the studio had cost
              {budget}, the filming of the video {video_cost}. Before the work began, {advance} was handed
              over to the singer.
            + Before the work began, the singer got {advance}. The studio charged {budget}, the makers of
              the video {video_cost}, and the sheets with the lyrics brought {auction} when they were sold.
            ? budget: How much did the recording cost? What was spent on the recording? How expensive was
              the recording? What sum was paid for the recording? / How much did the studio charge? What did
              the time in the studio cost?
            ? video_cost: How much did the video cost? What was spent on the video? How expensive was the
              video? What sum was paid for the video? / How much did the makers of the video get? What did
              the filming cost?
            ? advance: How much was the advance? What sum was paid in advance? How high was the advance? How
              much did the singer receive in advance? / How much did the singer get before the work began?
              What sum was handed over before the work began?
            ? auction: For how much were the lyrics auctioned? What did the handwritten lyrics fetch? How
              much did a collector pay for the lyrics? What was the price of the handwritten lyrics? / How
              much did the sheets with the lyrics bring? What did a collector give for the sheets with the
              lyrics?
            """,
            rank=9,
        ),
        fact(
            "rival",
            """
            - {R}, recorded by {rival_singer} in {rival_town} in {rival_year}, was inspired by {S}.
            - In {rival_year} {rival_singer} answered with {R}, which was recorded in {rival_town}.
            - {rival_singer} imitated the sound of {S} with {R}, made in {rival_town} in {rival_year}.
            - Critics compare {S} with {R}, which {rival_singer} had made in {rival_town} in {rival_year}.
            + The sound of {S} can be recognised in {R}. That record by {rival_singer} was made in
              {rival_town} and dates from {rival_year}.
            + {R} is often named in the same breath. It was made in {rival_town} by {rival_singer}; the year
              was {rival_year}.
            ? rival_singer: Who recorded {R}? Whose album is {R}? By whom is {R}? Who made {R}? / Who is the artist on
              {R}? Who is responsible for {R}? By whom was the record {R} made?
            ? rival_town: Where was {R} recorded? In which town was {R} recorded? Where was {R} made? In which town
              did the work on {R} take place? / Where was the work on {R} done? What town does {R} come from? In which
              town was {R} made?
            ? rival_year: When was {R} recorded? In what year was {R} made? In which year was {R} recorded? From what
              year is {R}? / From which year does {R} date? What is the year of {R}? In which year was {R} made?
            """,
            rival=True,
        ),
        fact(
            "pair",
            """
            - {composer} composed the music and {poet} wrote the words. The latter was living in {poet_town}
              at the time.
            - The words are by {poet}. {poet:she} wrote them in {poet_town}, far away from {composer}, the
              composer of the music.
            - {composer} and {poet} worked as a team. The former wrote the melodies; the latter sent the
              lyrics from {poet_town}.
            - Every lyric came from {poet}, who lived in {poet_town} in those days. {composer} set the words
              to music.
            + {composer} was responsible for the tunes. For the texts there was {poet}; {poet:she} had a
              flat in {poet_town}.
            + The texts were by {poet}, the tunes by {composer}. The former worked from {poet_town} and was
              seldom seen in the studio.
            ? composer: Who composed the music of {S}? Who wrote the melodies? Who was the composer of {S}? By whom is
              the music? / Who made the tunes? Whose tunes are on {S}? Who was responsible for the tunes? By whom were
              the tunes?
            ? poet: Who wrote the words of {S}? Who wrote the lyrics? Who was the author of the lyrics? By whom are
              the words? / Who made the texts of the songs? Whose texts are on {S}? By whom were the texts?
            ? poet_town: Where did {poet} live at the time? In which town was {poet} living? From which town
              did {poet} send the words? Where were the words written? / Where did {poet} have a flat? From
              what town did {poet} work?
            """,
        ),
    ),
    fillers=wordings(
        """
        - The cover shows an empty chair.
        - Collectors look for copies with a misprint.
        - Some critics found {S} too long.
        - A whisper can be heard between two tracks.
        - The neighbours of the studio complained about the noise.
        - Children sing along without knowing the words.
        + Many musicians name {S} as an influence.
        + A dog can be heard barking in the background.
        + The booklet contains a recipe for soup.
        + Nobody expected such a success.
        """
    ),
)
