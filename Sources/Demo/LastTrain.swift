/// Last Train East: 125 beats a minute, A minor, four to the floor.
/// Form in bars: intro 4, verse 8, chorus 8, break 4, chorus 8, outro 4.
extension Composition {
    static let lastTrain = Composition(
        name: "last-train", title: "Last Train East", beatsPerMinute: 125, swing: 0.5, bars: 36,
        parts: trainDrums + trainHarmony + trainMelody, session: lastTrainSession)

    private static let verse = ["A3 C4 E4 G4 B4", "F3 A3 C4 E4", "C3 G3 C4 E4", "G3 B3 D4 A4"]
    private static let chorus = ["F3 A3 C4 E4", "G3 B3 D4 G4", "A3 C4 E4 G4", "E3 G3 B3 E4"]
    private static let held = Array(repeating: "x---------------", count: 4).joined(separator: "|")

    private static let trainDrums: [Part] = [
        Part(
            name: "Kick", bitCount: 16, looseness: 0,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(
                        .kick(bottom: 51, decay: 0.1), Notation.grid("X...X...X...X...|X...X...X...X..o"))),
                Phrase(
                    "f", bars: 2,
                    Layer(
                        .kick(bottom: 51, decay: 0.1), Notation.grid("X...X...X...X...|X...X...X.x.xoxx"))),
            ], arrangement: "..aaafaaaf..aaafaa"),
        Part(
            name: "Clap", bitCount: 16,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(.clap, Notation.grid("....X.......X...|....X.......X..g")),
                    Layer(
                        .snare(tune: 205, snap: 0.9), Notation.grid("....x.......x...|....x.......x..."),
                        gain: 0.8)),
                Phrase(
                    "r", bars: 2,
                    Layer(
                        .snare(tune: 205, snap: 0.9), Notation.grid("g.g.g.g.o.o.o.o.|goooxoxoxxxxXXXX"),
                        gain: 0.8)),
            ], arrangement: "....aaaaaa.raaaa.."),
        Part(
            name: "Hats", channelCount: 2, bitCount: 16, peakDecibels: -9, looseness: 0.003,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(
                        .hat(decay: 0.13), Notation.grid("..x...x...x...x.|..x...x...x...x."), pan: 0.15),
                    Layer(.hat(decay: 0.02), Notation.grid("oo.goo.goo.goo.g|oo.goo.goo.goo.o"), pan: -0.2)),
                Phrase(
                    "b", bars: 2,
                    Layer(.hat(decay: 0.16), Notation.grid("..X...X...X...X.|..X...X...X...X."), pan: 0.15),
                    Layer(.hat(decay: 0.02), Notation.grid("xo.oxo.oxo.oxo.o|xo.oxo.oxo.oxo.x"), pan: -0.2),
                    Layer(
                        .cymbal(decay: 0.12), Notation.grid("x...x...x...x...|x...x...x...x..."), gain: 0.5,
                        pan: 0.4)),
            ], arrangement: ".aaaaabbbb..bbbba."),
        Part(
            name: "Toms", channelCount: 2, bitCount: 16, looseness: 0.004,
            phrases: [
                Phrase(
                    "t", bars: 2,
                    Layer(.tom, Notation.grid("................|........X.xx....", ["B2"]), pan: 0.5),
                    Layer(.tom, Notation.grid("................|............X.x.", ["G2"]), pan: 0),
                    Layer(.tom, Notation.grid("................|.............x.X", ["D2"]), pan: -0.5))
            ], arrangement: ".t...t...t.....t..", fadeOut: "30 ms"),
        Part(
            name: "Riser", peakDecibels: -10, looseness: 0,
            phrases: [
                Phrase("s", bars: 4, Layer(.riser, [Note(start: 0, beats: 16, pitch: 60, velocity: 1)]))
            ], arrangement: "....s-....s-......", fadeIn: "200 ms", fadeOut: "5 ms"),
    ]

    private static let trainHarmony: [Part] = [
        Part(
            name: "Bass", isFLAC: true, looseness: 0,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .bass(cutoff: 480, drive: 2.2, sustain: 0.5),
                        Notation.grid(
                            "..0-..0-..0-..0-|..0-..0-..0-.12-|..0-..0-..0-..0-|..0-..0-..1-2-0-",
                            ["A1 E2 G2", "F1 C2 E2", "C2 G2 E2", "G1 D2 F2"]))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .bass(cutoff: 700, drive: 2.6, sustain: 0.45),
                        Notation.grid(
                            "..00.00...00.02.|..00.00...00.02.|..00.00...00.02.|..00.00.0.1.2.1.",
                            ["F1 C2 F2", "G1 D2 G2", "A1 E2 A2", "E1 B1 E2"]))),
                Phrase(
                    "o", bars: 4,
                    Layer(
                        .bass(cutoff: 380, drive: 2, sustain: 0.6),
                        Notation.grid(
                            "..0-..0-..0-..0-|..0-..0-..0-..0-|..0-..0-..0-..0-|0---------------",
                            ["A1", "F1", "C2", "A1"]))),
            ], arrangement: "..v-v-c-c-..c-c-o-"),
        Part(
            name: "Pad", channelCount: 2, isFLAC: true, peakDecibels: -8, looseness: 0,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .pad(cutoff: 1100, attack: 0.15, release: 0.15, detune: 0.007),
                        Notation.grid(held, verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .pad(cutoff: 2600, attack: 0.05, release: 0.12, detune: 0.009),
                        Notation.grid(held, chorus))),
                Phrase(
                    "b", bars: 4,
                    Layer(
                        .pad(cutoff: 700, attack: 0.5, release: 0.4, detune: 0.006),
                        Notation.grid(
                            "x---------------|----------------|x---------------|x---------------",
                            ["A3 C4 E4 B4", "A3 C4 E4 B4", "D3 A3 C4 F4", "E3 G#3 B3 D4"]))),
            ], arrangement: "..v-v-c-c-b-c-c-v-", fadeIn: "20 ms", fadeOut: "30 ms"),
        Part(
            name: "Stabs",
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .organ,
                        Notation.grid(
                            "...x-.......x-..|...x-.....o.....|...x-.......x-..|...x-.....o.x.o.", verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .organ,
                        Notation.grid(
                            "..X..x....X..x..|..X..x....X..x..|..X..x....X..x..|..X..x....X.xx..", chorus))),
            ], arrangement: "..v-v-c-c-..c-c-..", fadeOut: "20 ms"),
    ]

    private static let trainMelody: [Part] = [
        Part(
            name: "Arpeggio", peakDecibels: -8, looseness: 0,
            phrases: [
                Phrase(
                    "i", bars: 4,
                    Layer(
                        .arpeggio(cutoff: 900, decay: 0.16),
                        Notation.grid(
                            "0.2.1.3.4.2.3.1.|0.2.1.3.4.2.3.1.|0.2.1.3.4.2.3.1.|0213243150213243",
                            ["A3 C4 E4 G4 B4", "F3 A3 C4 E4 G4", "A3 C4 E4 G4 B4", "E3 G#3 B3 D4 E4"]))),
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .arpeggio(cutoff: 1300, decay: 0.15),
                        Notation.grid(
                            "0213243142312430|0213243142312430|0213243142312430|0213243142312435",
                            ["A3 C4 E4 G4 B4", "A3 C4 E4 F4 C5", "G3 C4 E4 G4 C5", "G3 B3 D4 G4 A4"]))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .arpeggio(cutoff: 2200, decay: 0.2),
                        Notation.grid(
                            "4210421042104235|4210421042104235|4210421042104235|4210421042104235",
                            ["F4 A4 C5 E5 F5", "G4 B4 D5 F5 G5", "A4 C5 E5 G5 A5", "E4 G4 B4 D5 E5"]))),
            ], arrangement: "i-v-v-c-c-i-c-c-i-", fadeOut: "20 ms"),
        Part(
            name: "Lead",
            phrases: [
                Phrase(
                    "c", bars: 8,
                    Layer(
                        .pulseLead(cutoff: 1900),
                        Notation.melody(
                            """
                            A4:1.5! C5:.5 E5:1 D5:1 | D5:1.5 B4:.5 G4:2 | C5:1.5! D5:.5 E5:1 G5:1 | \
                            E5:1.5 D5:.5 B4:2 | A4:1.5! C5:.5 E5:1 F5:1 | G5:1.5 F5:.5 D5:2 | \
                            E5:1! G5:1 C6:1.5! B5:.5 | G5:1 E5:1 B4:2
                            """))),
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .pulseLead(cutoff: 900),
                        Notation.melody(
                            """
                            r:2 E4:.5~ G4:.5~ A4:1 | r:2 A4:.5~ C5:.5~ E5:1 | r:2 G4:.5~ E4:.5~ D4:1 | \
                            B4:1 A4:.5 G4:.5 D5:2
                            """), gain: 0.8)),
            ], arrangement: "....v-c---..c---..", fadeOut: "40 ms"),
    ]
}
