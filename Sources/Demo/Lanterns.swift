/// Lanterns on the Canal: 96 beats a minute, D major, an easy shuffle.
/// Form in bars: intro 4, verse 8, chorus 4, break 4, chorus 4, outro 4.
extension Composition {
    static let lanterns = Composition(
        name: "lanterns", title: "Lanterns on the Canal", beatsPerMinute: 96, swing: 0.57, bars: 28,
        parts: lanternsDrums + lanternsHarmony + lanternsMelody, session: lanternsSession)

    private static let verse = ["D3 A3 C#4 E4 F#4", "B2 A3 D4 F#4", "G2 F#3 B3 D4 A4", "A2 G3 D4 E4"]
    private static let chorus = ["G2 F#3 B3 D4", "A2 E3 C#4 F#4", "F#2 E3 A3 C#4", "B2 F#3 A3 D4"]
    private static let middle = ["E2 G3 B3 D4 F#4", "B2 F#3 A3 D4", "E2 G3 B3 D4 F#4", "A2 G3 C#4 E4"]
    private static let close = ["G2 F#3 B3 D4", "D3 A3 D4 F#4"]

    private static let lanternsDrums: [Part] = [
        Part(
            name: "Kick", bitCount: 16, looseness: 0,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(
                        .kick(bottom: 47, decay: 0.13), Notation.grid("X......o..x.....|X......o.xo....."))),
                Phrase(
                    "b", bars: 2,
                    Layer(
                        .kick(bottom: 47, decay: 0.13), Notation.grid("X.....x...X..o..|X.....x.o.X....."))),
            ], arrangement: "..aaaabb..bba."),
        Part(
            name: "Snare", bitCount: 16,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(.snare(tune: 188, snap: 0.7), Notation.grid("....x..g....x...|....x..g.g..x..g"))),
                Phrase(
                    "b", bars: 2,
                    Layer(.snare(tune: 188, snap: 0.8), Notation.grid("....X..g....X...|....X..g.g..X.ox")),
                    Layer(.clap, Notation.grid("....x.......x...|....x.......x..."), gain: 0.5)),
                Phrase("r", bars: 2, Layer(.rim, Notation.grid("....x.....o.x...|....x..o....x..."))),
            ], arrangement: ".raaaabbrrbba."),
        Part(
            name: "Hats", channelCount: 2, bitCount: 16, peakDecibels: -9,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(.hat(decay: 0.028), Notation.grid("x.o.x.oox.o.x.o.|x.o.x.oox.ogx..."), pan: 0.25),
                    Layer(
                        .hat(decay: 0.22), Notation.grid("................|..............o."), gain: 0.8,
                        pan: 0.25)),
                Phrase(
                    "b", bars: 2,
                    Layer(.hat(decay: 0.03), Notation.grid("xoxoxoxgxoxoxoxg|xoxoxoxgxoxoxo.."), pan: 0.25),
                    Layer(
                        .hat(decay: 0.26), Notation.grid("..............x.|..............x."), gain: 0.8,
                        pan: 0.25),
                    Layer(
                        .cymbal(decay: 0.5), Notation.grid("X...............|................"), gain: 0.8,
                        pan: -0.5)),
            ], arrangement: "..aaaabb..bba."),
        Part(
            name: "Percussion", channelCount: 2, bitCount: 16, peakDecibels: -9, looseness: 0.009,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(.shaker, Notation.grid("o.x.o.xgo.x.o.xg|o.x.o.xgo.x.o.xo"), pan: -0.6),
                    Layer(.rim, Notation.grid("......o.....o...|...o........o.x."), gain: 0.5, pan: 0.6)),
                Phrase(
                    "t", bars: 2,
                    Layer(.shaker, Notation.grid("o.x.o.xgo.x.o.xg|o.x.o.x........."), pan: -0.6),
                    Layer(.tom, Notation.grid("................|..........xo....", ["A2"]), pan: 0.4),
                    Layer(.tom, Notation.grid("................|............X.x.", ["E2"]), pan: -0.3)),
            ], arrangement: ".aaaataaatata.", fadeOut: "40 ms"),
    ]

    private static let lanternsHarmony: [Part] = [
        Part(
            name: "Bass", isFLAC: true, looseness: 0.003,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .bass(cutoff: 420, drive: 1.5, sustain: 0.65),
                        Notation.grid(
                            "0-----.0..0-.2.1|0-----.0..0-.1.1|0-----.0..0-.2.1|0-----.0..0-.1.2",
                            ["D2 A2 C#2", "B1 F#2 A2", "G1 D2 F#2", "A1 E2 G2"]))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .bass(cutoff: 520, drive: 1.8, sustain: 0.7),
                        Notation.grid(
                            "0--.0.3.0-2.0.1.|0--.0.3.0-2.0.1.|0--.0.3.0-2.0.1.|0--.0.3.0-2.1-2-",
                            ["G1 D2 B1", "A1 E2 C#2", "F#1 C#2 A1", "B1 F#2 D2"]))),
                Phrase(
                    "b", bars: 4,
                    Layer(
                        .bass(cutoff: 340, drive: 1.4, sustain: 0.8),
                        Notation.grid(
                            "0-----------....|0-----------....|0-----------....|0-------1---2---",
                            ["E2 B2 D3", "B1 F#2 A2", "E2 B2 D3", "A1 C#2 E2"]))),
                Phrase(
                    "o", bars: 2,
                    Layer(
                        .bass(cutoff: 340, drive: 1.4, sustain: 0.8),
                        Notation.grid("0-----------....|0---------------", ["G1 D2 F#2", "D2 A2 D3"]))),
            ], arrangement: "..v-v-c-b-c-vo"),
        Part(
            name: "Electric Piano", isFLAC: true, looseness: 0.012,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .electricPiano(brightness: 0.9),
                        Notation.grid(
                            "x------.o-------|x------.o---g---|x------.o-------|x------.o---o---", verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .electricPiano(brightness: 1.5),
                        Notation.grid(
                            "X--.x-----x--.o-|X--.x-----x--.o-|X--.x-----x--.o-|X--.x-----x-o-x-", chorus))),
                Phrase(
                    "b", bars: 4,
                    Layer(
                        .electricPiano(brightness: 0.6),
                        Notation.grid(
                            "o---------------|o---------------|o---------------|o-------o-------", middle))),
                Phrase(
                    "o", bars: 2,
                    Layer(
                        .electricPiano(brightness: 0.7),
                        Notation.grid("o---------------|o---------------", close))),
            ], arrangement: "v-v-v-c-b-c-vo", fadeOut: "30 ms"),
        Part(
            name: "Pad", isFLAC: true, peakDecibels: -9, looseness: 0,
            phrases: [
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .pad(cutoff: 1500, attack: 0.25, release: 0.2, detune: 0.006),
                        Notation.grid(
                            "x---------------|x---------------|x---------------|x---------------", chorus))),
                Phrase(
                    "b", bars: 4,
                    Layer(
                        .pad(cutoff: 900, attack: 0.6, release: 0.3, detune: 0.005),
                        Notation.grid(
                            "x---------------|x---------------|x---------------|x---------------", middle))),
            ], arrangement: "......c-b-c-..", fadeIn: "50 ms", fadeOut: "80 ms"),
    ]

    private static let lanternsMelody: [Part] = [
        Part(
            name: "Guitar", looseness: 0.01,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .pluck(brightness: 0.55, sustain: 0.9),
                        Notation.grid(
                            "0-..2-3-4-3-2-1-|0-..2-3-4-3-2-1-|0-..2-3-4-3-2-1-|0-..2-3-1-3-2-1-", verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .pluck(brightness: 0.8, sustain: 0.7),
                        Notation.grid(
                            "..X.g.x...X.g.x.|..X.g.x...X.g.x.|..X.g.x...X.g.x.|..X.g.x...X.x.x.",
                            ["D4 F#4 B4", "E4 A4 C#5", "C#4 E4 A4", "D4 F#4 B4"]), gain: 0.7)),
            ], arrangement: "..v-v-c-..c-v-", fadeOut: "30 ms"),
        Part(
            name: "Lead",
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .flute,
                        Notation.melody(
                            """
                            r:1 F#4:.5 A4:.5 B4:1 A4:1 | F#4:1.5 E4:.5 D4:1 r:1 | \
                            r:1 D4:.5 F#4:.5 A4:1 B4:1 | A4:1.5 G4:.5 E4:2~
                            """))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .flute,
                        Notation.melody(
                            """
                            D5:1! B4:.5 A4:.5 B4:1.5 D5:.5 | E5:1! C#5:.5 A4:.5 C#5:2 | \
                            A4:1 C#5:.5 E5:.5 F#5:1.5! E5:.5 | D5:.75 C#5:.25 B4:2 r:1
                            """))),
                Phrase(
                    "o", bars: 4,
                    Layer(
                        .flute,
                        Notation.melody("F#4:2 A4:2 | B4:3 A4:1 | D5:2~ B4:2~ | A4:4~"))),
            ], arrangement: "....v-c-..c-o-", fadeOut: "30 ms"),
        Part(
            name: "Bells", rateHertz: 44100, bitCount: 16, peakDecibels: -9,
            phrases: [
                Phrase(
                    "i", bars: 4,
                    Layer(
                        .bell(ratio: 3.5, decay: 0.9),
                        Notation.melody(
                            "F#5:1.5 E5:.5 A5:2 | D5:1.5 F#5:.5 B5:2 | A5:1.5 F#5:.5 D5:2 | E5:4"),
                        pan: -0.35),
                    Layer(
                        .bell(ratio: 3.5, decay: 0.7),
                        Notation.melody(
                            "r:2.5 C#6:.5~ A5:1~ | r:3 D6:1~ | r:2.5 D6:.5~ B5:1~ | r:3 G5:1~"), pan: 0.45)),
                Phrase(
                    "b", bars: 4,
                    Layer(
                        .bell(ratio: 2, decay: 0.8),
                        Notation.grid(
                            "1-..2-..3-..4-..|1-..2-..3-..2-..|4-..3-..2-..3-..|1-..2-..3-..6---",
                            ["E4 B4 D5 F#5 G5", "B4 D5 F#5 A5", "E4 B4 D5 F#5 G5", "A4 C#5 E5 G5"]), pan: 0.2)
                ),
            ], arrangement: "i-......b-..i-", fadeOut: "50 ms"),
    ]
}
