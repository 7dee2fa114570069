/* gen_prose_en.c: tiny stories, scenes and descriptions in simple English. A skeleton is a whole text with
 * choices in it; the words it draws agree with each other (pronouns, who can do what with what). */
#include "train/gen_text.h"

typedef const char *const strings;

static strings girls[] = {"Anna",  "Clara", "Emma", "Grace", "Ivy",   "Kate", "Mia",  "Olivia", "Rose",
                          "Tina",  "Wendy", "Lily", "Nora",  "Ruth",  "Sara", "Lucy", "Alice",  "Eva",
                          "Jane",  "Laura", "Nina", "Maria", "Ella",  "Zoe",  "Ada",  "May",    "Hanna",
                          "Molly", "Polly", "Yuki", "Leila", "Amina", NULL};
static strings boys[] = {"Ben",    "David", "Frank", "Henry", "Jack", "Leo",  "Noah", "Paul", "Sam",
                         "Victor", "Max",   "Oscar", "Peter", "Tom",  "Mark", "Bob",  "Dan",  "Felix",
                         "Hugo",   "Mike",  "Omar",  "Pedro", "Tim",  "Jim",  "Luke", "Adam", "Will",
                         "Theo",   "Finn",  "Amir",  "Ravi",  "Chen", NULL};
static strings small_animals[] = {"rabbit",  "squirrel", "mouse",  "hedgehog", "fox",    "duck",
                                  "frog",    "bird",     "turtle", "kitten",   "puppy",  "mole",
                                  "lamb",    "goat",     "piglet", "bear cub", "beaver", "owl",
                                  "sparrow", "chick",    "badger", "raccoon",  NULL};
static strings adjectives[] = {"little", "young",    "brave", "shy",    "curious",  "clever",
                               "lazy",   "cheerful", "quiet", "hungry", "friendly", "tiny",
                               "gentle", "proud",    "funny", NULL};
static strings pets[] = {"dog",     "cat",  "kitten", "puppy",  "rabbit",
                         "hamster", "pony", "parrot", "turtle", NULL};
static strings pet_names[] = {"Bella", "Coco", "Lucky",   "Milo", "Daisy",  "Shadow", "Snowy", "Pepper",
                              "Rocky", "Luna", "Biscuit", "Spot", "Button", "Toto",   NULL};
static strings places[] = {"the park",  "the forest",     "the beach", "the garden", "the market",
                           "the lake",  "the library",    "the zoo",   "the farm",   "the old mill",
                           "the river", "the playground", NULL};
static strings wild_places[] = {"the forest", "the meadow", "the river", "the old oak", "the lake",
                                "the hill",   "the field",  "the hedge", NULL};
static strings things[] = {"ball",        "kite",      "book",         "hat",      "toy boat",   "drum",
                           "umbrella",    "red scarf", "bicycle",      "doll",     "flashlight", "music box",
                           "paper plane", "blue cup",  "wooden horse", "backpack", NULL};
static strings lost_things[] = {"key",           "hat",         "ball",      "blue glove",
                                "favorite book", "teddy bear",  "lunch box", "pencil case",
                                "left shoe",     "silver ring", "watch",     NULL};
static strings foods[] = {"an apple",      "some bread",      "a bowl of soup", "a pancake",
                          "some cherries", "a piece of cake", "a sandwich",     "some rice",
                          "a pear",        "some nuts",       "a cookie",       NULL};
static strings wild_foods[] = {"berries", "nuts",  "apples", "seeds", "mushrooms",
                               "carrots", "plums", "corn",   NULL};
static strings colors[] = {"red",   "blue",  "green",  "yellow", "white",
                           "brown", "black", "orange", "purple", NULL};
static strings days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", NULL};
static strings relatives[] = {"mother", "father",     "grandmother", "grandfather", "aunt",
                              "uncle",  "big sister", "big brother", NULL};
static strings jobs[] = {"baker",   "farmer",    "teacher", "gardener", "fisherman",  "shoemaker", "tailor",
                         "postman", "carpenter", "cook",    "nurse",    "bus driver", "painter",   NULL};
static strings seasons[] = {"spring", "summer", "autumn", "winter", NULL};
static strings numbers[] = {"two", "three", "four", "five", "six", "seven", "ten", NULL};
static strings feelings[] = {"happy", "proud", "glad", "very happy", "full of joy", NULL};
static strings villages[] = {"a small village",
                             "a quiet town",
                             "a house by the sea",
                             "a little house at the edge of the forest",
                             "a big city",
                             "a village in the mountains",
                             "a yellow house near the river",
                             NULL};

static void person(gen_scene *g, const char *name, const char *he, const char *him, const char *his,
                   const char *child, const char *other) {
    bool girl = gen_chance(g, 50);
    gen_set_pick(g, name, girl ? girls : boys, other, NULL);
    gen_set(g, he, girl ? "she" : "he");
    gen_set(g, him, girl ? "her" : "him");
    gen_set(g, his, girl ? "her" : "his");
    gen_set(g, child, girl ? "girl" : "boy");
}

static void set_words(gen_scene *g) {
    person(g, "N", "he", "him", "his", "child", NULL);
    person(g, "M", "fhe", "fhim", "fhis", "fchild", "N");
    gen_set_pick(g, "animal", small_animals, NULL, NULL);
    gen_set_pick(g, "animal2", small_animals, "animal", NULL);
    gen_set_pick(g, "animal3", small_animals, "animal", "animal2");
    gen_set_pick(g, "adj", adjectives, NULL, NULL);
    gen_set_pick(g, "adj2", adjectives, "adj", NULL);
    gen_set_pick(g, "pet", pets, NULL, NULL);
    gen_set_pick(g, "petname", pet_names, NULL, NULL);
    gen_set_pick(g, "place", places, NULL, NULL);
    gen_set_pick(g, "place2", places, "place", NULL);
    gen_set_pick(g, "wild", wild_places, NULL, NULL);
    gen_set_pick(g, "thing", things, NULL, NULL);
    gen_set_pick(g, "thing2", things, "thing", NULL);
    gen_set_pick(g, "lost", lost_things, NULL, NULL);
    gen_set_pick(g, "food", foods, NULL, NULL);
    gen_set_pick(g, "wildfood", wild_foods, NULL, NULL);
    gen_set_pick(g, "color", colors, NULL, NULL);
    gen_set_pick(g, "color2", colors, "color", NULL);
    gen_set_pick(g, "day", days, NULL, NULL);
    gen_set_pick(g, "relative", relatives, NULL, NULL);
    gen_set_pick(g, "job", jobs, NULL, NULL);
    gen_set_pick(g, "season", seasons, NULL, NULL);
    gen_set_pick(g, "number", numbers, NULL, NULL);
    gen_set_pick(g, "feeling", feelings, NULL, NULL);
    gen_set_pick(g, "village", villages, NULL, NULL);
    gen_set_put(g, "once",
                "[One day|One morning|One afternoon|On {day}|Last {day}|One sunny day|One cold morning|Early "
                "one morning|One evening after school]");
    gen_set_put(g, "lesson",
                "[From that day on, {he} was more careful.|{^he} never forgot that day.|And that was the end "
                "of a good day.|That night {he} slept very well.|{^he} told the story again and again.|It "
                "was the best day of the week.|]");
}

/* The last HELD_OUT skeletons are only for the test split. */
enum { HELD_OUT = 5 };

static strings skeletons[] = {
    /* something lost */
    "{^once}, {N} could not find {his} {lost}. {^he} looked [under the bed|behind the door|in every "
    "drawer|under the table] and [in the kitchen|in the garden|behind the curtain], but it was not there. "
    "\"[Have you seen|Do you know where I put] my {lost}?\" {he} asked {his} {relative}. \"[No, I have "
    "not|No|I am afraid not],\" said {his} {relative}. \"[Where did you have it last?|When did you last use "
    "it?|Think back.]\" "
    "{N} thought [hard|for a moment|about it]. [Yesterday|In the morning|After lunch] {he} had been at "
    "{place}. So {he} [ran|walked|went] back. "
    "[And there it was, under a bench.|A {fchild} was holding it in {fhis} hand and smiled.|There, {a "
    "animal} was sitting right on top of it!|A kind woman had put it on a wall.] "
    "{N} was {feeling}. [\"Next time I will be more careful,\" {he} said.|{^he} thanked everyone and went "
    "home.|{^he} held it tight all the way home.]",

    /* a small animal in need */
    "{^once}, {N} was walking near {wild}. Suddenly {he} heard a [small|soft|strange|sad] sound. [It came "
    "from behind a bush.|Somebody was crying for help.|It came from the grass.] "
    "{^he} looked [closer|carefully|down] and saw {a adj} {animal}. It [was caught in a net|had hurt its "
    "leg|could not get out of a hole|was stuck between two stones|was cold and wet]. "
    "\"[Do not be afraid|Keep still|I will help you],\" said {N} [softly|quietly|kindly]. [Very "
    "slowly|Carefully|Step by step], {he} [freed it|helped it out|picked it up]. "
    "{^he} gave it [some water|some {wildfood}|a warm place to rest]. After [a while|a short time|an hour], "
    "the {animal} [felt better|could walk again|looked up and was not afraid any more]. "
    "[It ran back to its family.|It looked back once and went home.|It stayed close to {N} for the rest of "
    "the day.] {N} was {feeling}. {lesson}",

    /* want, obstacle, solution */
    "{N} wanted {a thing}. [All {his} friends had one.|{^he} had seen it in a shop window.|{^he} thought "
    "about it every day.] But it [was too expensive|cost more than {he} had], and {he} had only {number} "
    "coins. "
    "\"[What can I do?|How can I get more coins?]\" {he} asked {his} {relative}. \"[You can work for it|You "
    "can earn it],\" was the answer. "
    "So {N} [helped in the garden|washed cars|carried bags for the neighbors|swept the yard|walked the "
    "neighbor's dog] [every day after school|for a whole week|on many afternoons]. "
    "[It was hard work, but {he} did not give up.|Sometimes {he} was tired, but {he} went on.] At last {he} "
    "had enough. [{^he} ran to the shop and bought the {thing}.|The {thing} was {his}!] "
    "[It was even nicer because {he} had earned it.|{^he} took good care of it.|{N} shared it with {M}, and "
    "they played until dark.]",

    /* a quarrel and making up */
    "{N} and {M} were good friends. {^once}, they both wanted to play with the same {thing}. \"[It is "
    "mine!|I had it first!|Give it to me!]\" said {N}. \"[No, it is mine!|No, me!]\" said {M}. "
    "They [pulled|shouted|pushed], and [in the end both of them cried|at last nobody wanted to play any "
    "more|the {thing} fell into the mud]. Now they were [sad|angry|both unhappy]. [For a while nobody said a "
    "word.|{M} went home.|They sat far apart.] "
    "Then {N} [thought about it and felt sorry|took a deep breath]. \"I am sorry, {M},\" {he} said. \"[We "
    "can take turns.|Let us clean it and play together.|You can have it first.]\" "
    "{M} smiled. \"[I am sorry, too|That is a good idea],\" {fhe} said. [They took turns, and it was much "
    "more fun.|Soon they were laughing again.|They played together until evening.]",

    /* a new child */
    "A new {fchild} came to {N}'s class. {^fhis} name was {M}. [{M} sat alone at lunch.|{M} did not know "
    "anybody.|{M} was shy and did not speak.] [Some children laughed at {fhis} {color} shoes.|Nobody asked "
    "{fhim} to play.] "
    "{N} [remembered how it felt to be new|did not like that|thought that this was not right]. {^he} went "
    "over and said, \"[Hello|Hi], I am {N}. [Do you want to play with us?|Do you like {thing}s?|May I sit "
    "here?]\" "
    "{M} [nodded|smiled a little|looked up in surprise]. [They shared {food}.|{N} showed {fhim} the whole "
    "school.|They found out that both of them liked {animal}s.] "
    "[After that|From then on], {M} was not alone any more. [The two became best friends.|Now {M} laughs a "
    "lot.|Soon the others played with them, too.]",

    /* weather */
    "It was {season}[, and the children were on holiday|]. {N} and {his} {relative} [wanted to go to "
    "{place}|planned a trip to {place}|packed {food} for a trip]. But [when they opened the door, it began "
    "to rain|a big dark cloud came|a strong wind began to blow]. "
    "\"[Oh no!|What a pity!|Now we cannot go!]\" said {N}. \"[Wait|Do not be sad|Let us see],\" said {his} "
    "{relative}. [\"We can stay home and build a tent from blankets.\" So they built a tent and told stories "
    "in it.|\"We can cook something.\" So they made a big pot of soup and ate it by the window.|\"We have "
    "umbrellas and boots!\" So they put on their boots and jumped into every puddle.|\"Let us play cards.\" "
    "So they sat by the warm stove and played until evening.] "
    "[Later the sun came out.|In the evening there was a rainbow.|It rained the whole day.] "
    "\"[That was better than {place}!|I like rainy days,|What a good day!]\" said {N}.",

    /* animal friends share food */
    "{^a adj} {animal} lived near {wild}. It had found many {wildfood} and hid them [in a hollow tree|under "
    "a stone|in its home]. \"[All mine!|I will not share,|These are only for me,]\" it said. "
    "[Soon|Then] winter came. Snow fell, and {a animal2} knocked at the door. \"[I am so hungry.|Please give "
    "me some {wildfood}.|I have nothing to eat.]\" [The {animal} shook its head.|\"No,\" said the {animal}, "
    "and shut the door.] "
    "[But that night|Later], the {animal} [called for help|did not know what to do], because [a storm had "
    "broken the roof of its home. [Who came?|And then there was a knock.] It was the {animal2}. It helped to "
    "mend the roof.|it had become ill. [Who came?|And then there was a knock.] It was the {animal2}. It "
    "brought warm leaves and made tea.|snow had blocked its door. [Who came?|Then it heard a voice.] It was "
    "the {animal2}. It dug a way through the snow.] "
    "The {animal} [was ashamed|felt very sorry]. "
    "\"[Come in and eat with me,|Half of it is yours,]\" it said. [Since then they share everything.|They "
    "ate together and were warm all winter.]",

    /* learning a skill */
    "{N} wanted to learn to [swim|ride a bicycle|skate|whistle|play the drum|cook|read]. [At first it did "
    "not go well.|The first day was hard.] {^he} [fell down again and again|tried and tried|made many "
    "mistakes]. \"[I will never learn it!|It is too hard!]\" {he} said. "
    "{^his} {relative} [laughed kindly|sat down beside {him}|put an arm around {him}]. \"[Nobody can do it "
    "on the first day.|I needed a whole summer for it.|A little every day is enough.]\" "
    "So {N} [practiced every day|tried it again the next morning|went on], [a little better each time|slowly "
    "and with care]. After {number} [days|weeks], {he} could do it! "
    "[{M} clapped {fhis} hands.|Everybody was proud of {him}.|{^he} laughed out loud.] {lesson}",

    /* the pet */
    "{N} has {a pet}. Its name is {petname}. {petname} is {color} and has [a long tail|soft ears|big eyes|a "
    "wet nose]. [Every morning|After school|Each evening] {N} gives it something to eat. [It likes to play "
    "with a ball.|It loves to sleep in the sun.|It always waits at the door.] "
    "{^once}, the door was open and {petname} was gone! {N} [called its name|looked in the street|asked all "
    "the neighbors]. [Nobody had seen it.|It was getting dark.|{^he} began to cry.] "
    "Then {he} heard [a noise in the kitchen|a sound from the cupboard|something under the bed]. There was "
    "{petname}! It [had eaten the whole cake|was asleep in a basket|had three babies]. "
    "{N} [laughed|was so glad|hugged it for a long time]. \"[Do not scare me like that,|You funny {pet},]\" "
    "{he} said.",

    /* a day of work */
    "The {job} got up [early|before the sun|at five o'clock] every morning. [First {he} drank a cup of "
    "tea.|{^he} put on {his} old coat.|Outside it was still dark.] Then {he} went to work. People liked "
    "{him}, because {he} was [kind|honest|always friendly|never in a bad mood]. "
    "{^once}, [a poor man|an old woman|a small child] came and said, \"[I have no money|I have lost "
    "everything|I am so tired and hungry].\" [Others had sent the visitor away.|Nobody else had stopped.] "
    "But the {job} said, \"[Sit down and rest.|Come in, it is warm here.|Take this, it is a gift.]\" "
    "The next [day|week|year], [the visitor came back with a big basket of {wildfood}|there was a bag of "
    "gold coins at the door|the roof of the {job}'s house was mended]. [\"You helped me when nobody did,\" "
    "said a note.|A card said: Thank you.] The {job} [smiled|was surprised|shared it with the whole street].",

    /* a walk, calm description */
    "In {season}, {N} likes to walk to {place}. [The way is not long.|It takes only ten minutes.] [On the "
    "left there is a row of trees, and on the right there is a stream.|First the road goes up a hill, then "
    "down to a bridge.|Many houses there are {color}, and one is {color2}.] "
    "[Birds sing in the trees.|A cat sits on the wall.|An old man feeds the ducks.|Children play with a "
    "ball.] [The air smells of {wildfood}.|The wind is soft.|It is quiet there.] "
    "Sometimes {N} meets {M}. They [sit on a bench and talk|eat {food} together|count the boats]. When [the "
    "sun goes down|it gets cold|the bell rings], {N} goes home. {^he} feels [calm|rested|happy] then.",

    /* morning routine */
    "{N} gets up at [six|seven|half past six|eight]. First {he} washes {his} face and brushes {his} teeth. "
    "Then {he} [puts on a {color} shirt|gets dressed|combs {his} hair]. For breakfast {he} has {food} and [a "
    "glass of milk|a cup of tea|some juice]. "
    "[At eight o'clock|After that] {he} [walks to school|takes the bus|rides {his} bicycle to school]. At "
    "school {he} likes [maths|music|reading|sports|drawing] best. [At noon|After the lessons] {he} eats with "
    "{M}. "
    "In the afternoon {he} [does {his} homework|plays outside|helps {his} {relative}|reads a book]. In the "
    "evening the family [eats together|talks about the day|plays a game]. At nine {he} goes to bed[. {^his} "
    "{relative} reads {him} a story| and falls asleep at once].",

    /* plant growing */
    "{N} got [a seed|a small brown seed|a bean] from {his} {relative}. \"[Put it into the soil and give it "
    "water,|Take good care of it,]\" said {his} {relative}. {N} planted it in [a pot by the window|the "
    "garden|a corner of the yard]. "
    "[Every day|Each morning] {he} gave it some water. For [a week|many days|a long time] nothing happened. "
    "\"[Is it asleep?|Maybe it is dead,]\" {he} said. \"[Wait,|Be patient,]\" said {his} {relative}. "
    "Then, {once2}, there was a tiny green leaf! The plant grew [higher and higher|a little every day]. In "
    "[summer|June|July] it had [a big {color} flower|{number} {color} flowers|many sweet fruits]. {N} was "
    "{feeling}. [{^he} kept the new seeds for the next year.|{^he} gave one flower to {M}.]",

    /* fear of the dark / monster is harmless */
    "{N} was afraid of [the dark|the cellar|the old house next door|the big dog of the neighbor]. [Every "
    "night|Each time] {he} [pulled the blanket over {his} head|ran past it as fast as {he} could|held {his} "
    "{relative}'s hand]. "
    "{^once}, {he} heard a noise. [Knock, knock, knock.|Something was moving.|It went scratch, scratch.] "
    "{^his} heart beat fast. But {N} [took a flashlight|thought: I must be brave|called {M}] and went to "
    "look. "
    "[It was only a branch at the window.|It was only a little {animal} that was looking for food.|An old "
    "woman stood there and gave {him} {food}.|The dog only wanted to play.] {N} had to laugh. \"[I was "
    "afraid of nothing!|How silly of me!|That was all!]\" {he} said. {lesson}",

    /* race */
    "The animals of {wild} wanted to know who was the fastest. \"I am!\" said the {animal}. \"No, I am!\" "
    "said the {animal2}. So they [ran a race to the bridge|ran around the lake|raced to the big tree]. [All "
    "the others came to watch.|The {animal3} counted to three.] "
    "At first the {animal} was ahead. [But then it stopped to eat {wildfood}.|But it looked back all the "
    "time and fell over a stone.|But it was so proud that it sat down to rest.] The {animal2} [ran on and "
    "on|did not stop|came closer, step by step]. "
    "[In the end|At the end of the race] the {animal2} won. \"[Well done!|You are the winner!]\" said the "
    "others. The {animal} [was sad at first, but then it laughed|shook its head and said, \"Next time I will "
    "not stop.\"|learned that you should finish what you begin].",

    /* present for somebody */
    "It was {M}'s birthday. {N} wanted to give {fhim} something [special|nice], but {he} had no money. [What "
    "could {he} do?|{^he} thought for a long time.] Then {he} had an idea. {^he} took [some paper and "
    "{color} paint|wood and glue|old cloth and a needle] and [worked all afternoon|began to work]. "
    "{^he} made {a thing2}. [It was a little crooked.|It was not perfect.|One side was {color}, the other "
    "{color2}.] The other children [brought big presents|had bought theirs in a shop]. {N} was [afraid that "
    "{M} would laugh|a bit ashamed]. "
    "But when {M} opened it, {fhe} [smiled from ear to ear|hugged {him}|cried out with joy]. \"[You made it "
    "yourself?|This is the best present of all!|I love it!]\" {fhe} said. {N} was {feeling}.",

    /* farm description */
    "On the farm there are many animals. There are {number} cows, some hens and {a adj} goat. The cows give "
    "milk, and the hens lay eggs. The farmer's {pet} is called {petname}. It [chases the hens|sleeps in the "
    "hay|runs behind the cart]. "
    "In {season} there is a lot of work. The farmer [feeds the animals|cuts the grass|mends the fence] early "
    "in the morning. {^his2} children help. {N} [brings water|collects the eggs|cleans the barn], and {M} "
    "[feeds the goat|carries wood|brushes the horse]. "
    "[In the evening everybody is tired.|At noon they eat together under a tree.] [\"Good work makes a good "
    "appetite,\" says the farmer.|Then they sit by the fire and tell stories.|The {color} sky promises a "
    "fine day.]",

    /* cause and effect chain */
    "{N} forgot to [close the window, and the rain came in|shut the gate, and the goat ran into the "
    "street|turn off the tap, and soon the floor was wet|put away {his} {thing}, and {M} fell over it|take "
    "the pot from the stove, and the soup boiled over]. "
    "[{^his} {relative} was not angry, but said,|\"Who did this?\" asked {his} {relative}. {N} said,] "
    "\"[Everybody forgets things. Let us clean up.|It is better to tell the truth.|I did it, and I am "
    "sorry.]\" "
    "They [worked together|put everything in order again], and [half an hour later all was well again|soon "
    "it was done]. [If {he} had lied, {he} would have felt bad.|Since then {N} looks twice before {he} "
    "leaves.|Afterwards they had {food}.]",

    /* dialogue between animals */
    "\"[Good morning|Hello|Good day],\" said the {animal} to the {animal2}. \"[Where are you going?|What are "
    "you doing?]\" \"[I am looking for {wildfood}|I am on my way to {wild}|I am looking for a new home],\" "
    "said the {animal2}. \"[May I come with you?|Can I help you?]\" asked the {animal}. \"[Of course|Yes, "
    "please|With pleasure]!\" "
    "So they went together. On the way they met {a adj} {animal3}. It [was sitting on a stone and "
    "crying|looked very sad]. \"[Why are you crying?|What is the matter?]\" they asked. \"[I have no "
    "friends|I cannot find my mother|I am lost],\" it said. "
    "\"[Then come with us!|We will help you,|Now you have two friends,]\" said the {animal}. [They searched "
    "everywhere until they found its mother under a tree.|From then on there were three of them.|And so they "
    "walked on, and the way was not long any more.]",

    /* a trip by train */
    "{^once}, {N} and {his} {relative} took the train to [the sea|the mountains|the big city|{place}]. {N} "
    "sat [by the window|opposite a man with {a thing2}]. [Outside, fields and houses flew by.|Cows stood on "
    "green meadows.|They went through a long tunnel.] "
    "At noon they ate {food}. [A woman told them about her garden.|A small child waved at them.|The {thing2} "
    "fell down, and everybody laughed.] After {number} hours they arrived. [The air smelled of "
    "salt.|Everything was loud and new.|The sun was high.] "
    "{N} [ran ahead|could not wait|wanted to see everything]. They [walked until their feet hurt|collected "
    "shells and stones|looked at everything]. In the evening they [went home again|slept in a small hotel], "
    "tired and {feeling}.",

    /* helping grandmother */
    "{N}'s grandmother lives in {village}. Every {day} {N} visits her. [The house smells of fresh bread.|In "
    "her kitchen there is always {food}.|She has a {pet} called {petname}.] They [cook together|look at old "
    "pictures|play cards|work in the garden]. "
    "Last week Grandmother was [ill|in bed with a cold]. So {N} [made soup|read to her|brought her tea and "
    "flowers] and [washed the dishes|fed the {pet}|swept the floor]. \"[What would I do without you?|You are "
    "a great help,]\" said Grandmother. "
    "{N} [smiled|was {feeling}]. [After three days she was well again.|When she was well, she baked a big "
    "cake.] \"[Now tell me a story from when you were small,|Shall we play cards?]\" said {N}, and "
    "[Grandmother began|so they did].",

    /* boat */
    "{N} built a little boat from [paper|wood|a nutshell|an old box]. It had a {color} sail. {^he} put it on "
    "the water at {wild2}. The wind blew, and the boat [sailed away|went faster and faster]. "
    "\"[Stop!|Wait!|Come back!]\" cried {N}. [But boats have no ears.|But it did not stop.] "
    "{^a animal} [saw it|swam beside it|sat on a stone] and [pushed it gently|jumped in|held it with its "
    "foot]. [So it came back to the bank.|Then it turned round.] {N} [clapped {his} hands|laughed|thanked "
    "the {animal}]. "
    "Now {he} ties [a string|a long thread] to the boat. [You never know when the wind will come.|That is "
    "safer.|And on {day}s, {he} lets it go a little farther.]",

    /* a question of truth */
    "{^once}, {N} broke the {color} [vase|bowl|cup|lamp] of {his} {relative}. [Nobody saw it.|{^he} was all "
    "alone in the room.|It had fallen from the table.] {N} [hid the pieces under the bed|wanted to run "
    "away|thought of saying that the {pet} did it]. "
    "But {he} could not [sleep|eat|play] because {he} felt so bad. In the end {he} went to {his} {relative} "
    "and said, \"It was me. I am sorry.\" [There was a long silence.|{^his} {relative} looked at {him}.] "
    "\"[Thank you for telling me,|It is only a thing,|That was brave of you,]\" said {his} {relative}. [They "
    "mended it together with glue.|Together they bought a new one.] {N} felt [light|much better] again.",

    /* seasons description */
    "There are four seasons. In spring [the snow melts and the first flowers open|the trees get new "
    "leaves|the birds come back]. In summer [the days are long and warm|children swim in the lake|it is hot, "
    "and people eat ice cream]. In autumn [the leaves turn red and yellow|the wind blows|farmers bring in "
    "the apples]. In winter [it is cold and the nights are long|snow covers the roofs|the lake is frozen]. "
    "{N} likes {season} best, because [then {he} can play outside with {M}|{his} birthday is in "
    "{season}|everything looks so beautiful]. {M} does not agree. \"[I like another season better,|For me, "
    "each one is good,]\" {fhe} says. [What about you?|So everybody has a favorite.|They laugh and go on "
    "walking.]",

    /* market */
    "On {day} there is a market in the town. {N} goes there with {his} {relative}. [It is loud and full of "
    "people.|They sell fruit, bread, cheese and flowers.|A man plays the drum.] {^his} {relative} buys "
    "[{number} apples|some fish|a bag of rice|fresh bread], and {N} may choose [one thing|something small]. "
    "{^he} cannot decide. [Should it be {food} or {a thing}?|Everything looks good.] At last {he} takes "
    "{food}. [On the way home|At the corner] they see [a hungry dog|a man without a coat|a crying child]. "
    "{N} [gives away half of it|stops|looks at {his} {relative}]. "
    "\"[You have a kind heart,|Half is still enough for us,|That was good of you,]\" says {his} {relative}. "
    "[The rest tastes twice as good.|They walk home hand in hand.]",

    /* wish */
    "Once upon a time, {a adj} {animal} wanted to [fly like a bird|be as big as a bear|sing like a bird|swim "
    "like a fish]. [It jumped from a stone and fell on its nose.|It tried and tried, but it could not.] All "
    "the others laughed. [Only the {animal2} did not laugh.|But the old {animal2} said nothing.] "
    "\"[Everyone can do something well,|You do not have to be like the others,]\" said the {animal2}. \"[You "
    "have the best ears in the forest.|Nobody is as careful as you.|You can find the best {wildfood}.]\" "
    "One night there was a [fire|flood|storm]. [The {animal} noticed it first.|The {animal} heard it before "
    "all the others.] It woke everybody up, and [nobody was hurt|all were saved]. [After that nobody laughed "
    "any more.|Now the {animal} was happy to be just what it was.]",

    /* simple sentences on one thing */
    "This is {N}'s {thing}. It is {color}. {^his} {relative} gave it to {him} [last year|on {day}|for {his} "
    "birthday]. {N} [takes it everywhere|plays with it every day|keeps it under {his} bed]. It is not new "
    "any more, but {he} likes it. [Once it was broken, and {M} repaired it.|Once {he} forgot it on the bus, "
    "and the driver brought it back.] "
    "{M} has {a thing2}. It is {color2}. Sometimes they swap. Then {N} plays with the {thing2}, and {M} "
    "plays with the {thing}. [Sharing is fun.|In the evening they swap back.|That way both have two toys.]",

    /* building together */
    "{N}, {M} and their friends wanted to build a [house in a tree|snowman|sand castle|bridge over the "
    "stream|raft]. {N} brought [wood|a shovel|a rope], and {M} brought [nails|a bucket|{food} for everyone]. "
    "[First they made a plan.|At first everybody spoke at the same time.|They began at nine in the morning.] "
    "[It was not easy.|Soon they had a problem.] [It fell down twice.|The wind was too strong.|One piece was "
    "too short.] \"[Let us give up,|It will never work,]\" said one of them. \"[No, we try it another "
    "way,|Not yet,|I have an idea,]\" said {M}. "
    "They [made it wider at the bottom|worked together|held it from both sides], and this time it "
    "[stayed|worked]. [They were tired, dirty and {feeling}.|Everyone shouted with joy.|{N} put a {color} "
    "flag on top.]",

    /* night and stars */
    "It was night in {village}. The moon [shone on the roofs|was round and yellow|hung over the trees]. {N} "
    "could not sleep. {^he} [went to the window|sat up in bed] and [counted the stars|looked at the sky]. "
    "[One, two, three, four ...|There were too many to count.] "
    "\"[Who lights them every evening?|How far away are they?]\" {he} asked. {^his} {relative} [came in|sat "
    "down beside {him}]. \"[They are always there, but by day the sun is too bright,|Very, very far,|They "
    "are suns, only far away,]\" said {his} {relative}. "
    "[A star fell.|A cloud passed.] {N} made a wish, and {his} eyes [closed|became heavy]. [In {his} dream "
    "{he} flew over the sea.|Soon {he} was asleep.]",

    /* --- held out for the test split --- */
    "Every {day}, {an1} old {job} sat on a bench near {place} and fed the birds. {N} often watched {him2}. "
    "{^once}, the bench was empty. {N} [waited|came back the next day], but nobody came. So {he} asked in "
    "the shop. \"[He is ill,|He hurt his foot,]\" they said. "
    "{N} [took {food} and went to his house|brought him a drawing of the birds]. The old man was so pleased "
    "that he [told {him} stories all afternoon|gave {him} a small bag of seeds]. [Now {N} feeds the birds "
    "until he is well again.|Since then they sit on the bench together.]",

    "A {color} balloon flew over the town. {N} saw it first. \"[Look up there!|Where does it come from?]\" "
    "{he} called. A letter hung from it. It got caught in a tree near {place}. {M} [climbed up|fetched a "
    "ladder] and brought it down. "
    "The letter said: [\"Hello! I am looking for a friend.\"|\"Whoever finds this, please write to me.\"] It "
    "came from a child who lived far away. {N} and {M} [wrote back the same evening|sent a picture and "
    "{number} stamps]. [After two weeks an answer came.|And so they got a new friend.]",

    "The bridge near {wild} was old. {^a adj} {animal} lived under it. {^once}, it noticed that [a board was "
    "broken|the water was rising]. \"[Somebody could fall,|This is dangerous,]\" it thought. It [put a "
    "{color} leaf on a stick as a sign|called everyone who came by]. "
    "[The {animal2} laughed about it, until it saw the hole.|The {animal2} stopped just in time.] Together "
    "they [brought new wood|mended it], and the {animal3} [carried the nails|brought {wildfood} for all]. "
    "Now the bridge is [safe|stronger than before].",

    "In {N}'s kitchen there was a clock that [ran too fast|sometimes stopped]. Because of it, {N} [came to "
    "school an hour early|missed the bus]. \"[We need a new one,|Throw it away,]\" said {his} {relative}. "
    "But {N} liked its {color} face. "
    "{^he} carried it to the clockmaker, who opened it carefully. Inside was [a tiny feather|a bit of dust|a "
    "small screw that was loose]. [He took it out and smiled.|In five minutes it was mended.] Now the clock "
    "is right, and {N} is [on time|never late].",

    "{N} and {M} played a game: one of them thought of something, and the other had to guess it. \"[Is it an "
    "animal?|Can you eat it?]\" asked {M}. \"No,\" said {N}. \"Is it {color}?\" \"Yes!\" \"[Is it in this "
    "room?|Do you have one?]\" \"Yes!\" "
    "{M} looked around. There was {a thing} on the shelf. \"Is it the {thing}?\" \"[Right!|You got it!]\" "
    "laughed {N}. Then it was {M}'s turn. [They played until supper.|It took {number} questions this "
    "time.|This one was harder.]",
    NULL};

void gen_prose_en(gen_scene *g, fm_buf *out) {
    set_words(g);
    gen_set_put(g, "once2", "[one morning|one day|on {day}]");
    gen_set(g, "his2", "the");
    gen_set(g, "him2", "him");
    gen_set(g, "an1", "an");
    gen_set(g, "wild2", "the river");
    gen_put(g, gen_skeleton(g, skeletons, HELD_OUT), out);
    while (out->size && out->data[out->size - 1] == ' ') out->data[--out->size] = '\0';
}
