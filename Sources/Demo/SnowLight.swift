/// Snow on the Signal Box: 75 beats a minute, D minor, half time.
/// Form in bars: intro 2, verse 4, chorus 4, break 2, chorus 4, outro 4.
extension Composition {
    static let snow = Composition(
        name: "snow", title: "Snow on the Signal Box", beatsPerMinute: 75, swing: 0.54, bars: 20,
        parts: snowDrums + snowHarmony + snowMelody, session: snowSession)

    private static let verse = ["D3 A3 C4 E4 F4", "Bb2 F3 A3 D4", "F3 A3 C4 G4", "C3 G3 D4 E4"]
    private static let chorus = ["Bb2 F3 A3 C4 D4", "C3 E3 G3 D4", "A2 E3 G3 C4", "D3 F3 A3 C4"]
    private static let middle = ["G2 D3 F3 A3 Bb3", "A2 E3 G3 C#4"]
    private static let close = ["G2 D3 F3 A3 Bb3", "D3 A3 D4 F4"]
    private static let held4 = Array(repeating: "x---------------", count: 4).joined(separator: "|")

    private static let snowDrums: [Part] = [
        Part(
            name: "Kick", bitCount: 16, looseness: 0,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(
                        .kick(bottom: 43, decay: 0.17), Notation.grid("X.........o.....|X.....o.........")))
            ], arrangement: ".aaaa.aaa."),
        Part(
            name: "Snare", bitCount: 16, looseness: 0.008,
            phrases: [
                Phrase("v", bars: 2, Layer(.rim, Notation.grid("........x.......|........x.....g."))),
                Phrase(
                    "c", bars: 2,
                    Layer(.snare(tune: 172, snap: 0.9), Notation.grid("........X.....g.|........X..g..go"))),
            ], arrangement: ".vvcc.ccv."),
        Part(
            name: "Brushes", channelCount: 2, bitCount: 16, peakDecibels: -10, looseness: 0.012,
            phrases: [
                Phrase(
                    "a", bars: 2,
                    Layer(.shaker, Notation.grid("x.o.x.ogx.o.x.og|x.o.x.ogx.o.x.oo"), pan: 0.4),
                    Layer(
                        .hat(decay: 0.05), Notation.grid("....o.......o...|....o.......o.g."), gain: 0.6,
                        pan: -0.4)),
                Phrase(
                    "c", bars: 2,
                    Layer(.shaker, Notation.grid("xgogxgogxgogxgog|xgogxgogxgogxgoo"), pan: 0.4),
                    Layer(
                        .cymbal(decay: 0.45), Notation.grid("x...o...x...o...|x...o...x...o..."), gain: 0.6,
                        pan: -0.4)),
            ], arrangement: "aaaccaccaa", fadeIn: "10 ms", fadeOut: "60 ms"),
        Part(
            name: "Toms", channelCount: 2, bitCount: 16, looseness: 0.006,
            phrases: [
                Phrase(
                    "t", bars: 2,
                    Layer(.tom, Notation.grid("................|........x..o....", ["D3"]), pan: 0.5),
                    Layer(.tom, Notation.grid("................|..........o...x.", ["A2"]), pan: 0),
                    Layer(.tom, Notation.grid("................|............X..X", ["D2"]), pan: -0.5)),
                Phrase(
                    "m", bars: 2,
                    Layer(.tom, Notation.grid("X..o..x.o.......|X..o..x.oxX.....", ["D2"]), pan: -0.3),
                    Layer(.tom, Notation.grid("..........o..x..|............xoxX", ["A2"]), pan: 0.3)),
            ], arrangement: "..t..m.t..", fadeOut: "40 ms"),
    ]

    private static let snowHarmony: [Part] = [
        Part(
            name: "Bass", isFLAC: true, looseness: 0.004,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .bass(cutoff: 300, drive: 1.5, sustain: 0.85),
                        Notation.grid(
                            "0---------..1---|0---------..1---|0---------..1---|0---------1-2---",
                            ["D2 A2 F2", "Bb1 F2 D2", "F1 C2 A1", "C2 G1 E2"]))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .bass(cutoff: 420, drive: 1.8, sustain: 0.8),
                        Notation.grid(
                            "0-----..0---1---|0-----..0---1-2-|0-----..0---1---|0-----..0-2-1---",
                            ["Bb1 F2 D2", "C2 G2 E2", "A1 E2 C2", "D2 A1 F2"]))),
                Phrase(
                    "b", bars: 2,
                    Layer(
                        .bass(cutoff: 260, drive: 1.5, sustain: 0.9),
                        Notation.grid("0---------------|0-----------1---", ["G1 D2", "A1 C#2"]))),
                Phrase(
                    "o", bars: 2,
                    Layer(
                        .bass(cutoff: 260, drive: 1.4, sustain: 0.9),
                        Notation.grid("0---------..1---|0---------------", ["G1 D2", "D2 A1"]))),
            ], arrangement: ".v-c-bc-vo", fadeOut: "30 ms"),
        Part(
            name: "Piano", isFLAC: true, looseness: 0.015,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .electricPiano(brightness: 2),
                        Notation.grid(
                            "x-------o---g---|x-------o-------|x-------o---g---|x-------o---o---", verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .electricPiano(brightness: 2.6),
                        Notation.grid(
                            "X---o---x---o---|X---o---x---o---|X---o---x---o---|X---o---x---x---", chorus))),
                Phrase(
                    "o", bars: 2,
                    Layer(
                        .electricPiano(brightness: 1.6),
                        Notation.grid("x-------o-------|o---------------", close))),
            ], arrangement: "vv-c-.c-vo", fadeOut: "60 ms"),
        Part(
            name: "Strings", channelCount: 2, isFLAC: true, peakDecibels: -8, looseness: 0,
            phrases: [
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .pad(cutoff: 2200, attack: 0.35, release: 0.3, detune: 0.006),
                        Notation.grid(held4, chorus)),
                    Layer(
                        .pad(cutoff: 2600, attack: 0.4, release: 0.3, detune: 0.005),
                        Notation.grid(held4, ["F4 D5", "G4 C5", "E4 G4", "F4 A4"]), gain: 0.7)),
                Phrase(
                    "b", bars: 2,
                    Layer(
                        .pad(cutoff: 1500, attack: 0.8, release: 0.3, detune: 0.006),
                        Notation.grid("x---------------|x---------------", middle))),
                Phrase(
                    "o", bars: 2,
                    Layer(
                        .pad(cutoff: 800, attack: 0.9, release: 0.8, detune: 0.004),
                        Notation.grid("x---------------|x---------------", close))),
            ], arrangement: "...c-bc-.o", fadeIn: "100 ms", fadeOut: "120 ms"),
    ]

    private static let snowMelody: [Part] = [
        Part(
            name: "Harp", peakDecibels: -6, looseness: 0.012,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .pluck(brightness: 0.6, sustain: 1.1),
                        Notation.grid(
                            "0-1-2-3-4-3-2-1-|0-1-2-3-5-3-2-1-|0-1-2-3-5-3-2-1-|0-1-2-3-6-5-3-2-", verse))),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .pluck(brightness: 0.8, sustain: 1),
                        Notation.grid(
                            "01234567--6-5-3-|01234567--6-5-3-|01234567--6-5-3-|0123456787654321", chorus))),
                Phrase(
                    "b", bars: 2,
                    Layer(
                        .pluck(brightness: 0.5, sustain: 1.4),
                        Notation.grid("0---2---3---4---|0---2---3---567-", middle))),
            ], arrangement: "vv-c-bc-v.", fadeOut: "60 ms"),
        Part(
            name: "Bells", rateHertz: 44100, bitCount: 16, peakDecibels: -9,
            phrases: [
                Phrase(
                    "i", bars: 2,
                    Layer(.bell(ratio: 3.5, decay: 1.4), Notation.melody("A5:2 E6:2~ | D6:2 F5:2~"), pan: 0.3)
                ),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .bell(ratio: 2.76, decay: 0.9),
                        Notation.melody(
                            "r:2.5 F6:.5~ D6:1 | r:2.5 E6:.5~ C6:1 | r:2.5 E6:.5~ G5:1 | r:2.5 F6:.5~ A5:1"),
                        pan: 0.3)),
            ], arrangement: "i..c-.c-.i", fadeOut: "100 ms"),
        Part(
            name: "Flute", looseness: 0.01,
            phrases: [
                Phrase(
                    "v", bars: 4,
                    Layer(
                        .flute,
                        Notation.melody(
                            "r:1 A4:1 C5:1 E5:1 | D5:2.5 C5:.5 A4:1 | r:1 G4:1 A4:1 C5:1 | D5:1.5 E5:.5 G4:2")
                    )),
                Phrase(
                    "c", bars: 4,
                    Layer(
                        .flute,
                        Notation.melody(
                            """
                            F5:2! D5:1 C5:1 | E5:1.5 D5:.5 C5:1 G4:1 | C5:1.5! D5:.5 E5:1 G5:1 | \
                            F5:1.5 E5:.5 D5:2
                            """))),
                Phrase(
                    "o", bars: 2,
                    Layer(.flute, Notation.melody("F4:2~ D4:1~ E4:1~ | D4:4~"))),
            ], arrangement: ".v-c-.c-vo", fadeOut: "80 ms"),
    ]
}
