extension DeviceDescription {
    package static let delay = DeviceDescription(
        name: "delay", noun: "a delay",
        summary: "Echoes with filtered feedback, in step with the song where the times are note values.",
        reference:
            "D. Rocchesso, Fractionally addressed delay lines, IEEE TSAP 8(6), 2000 (modulated reading)",
        parameters: [
            ParameterDescription(
                "left", .delayFrames, ("1 ms", "10 s"),
                "Delay of the left channel; it stays, as the device remembers no more than that."),
            ParameterDescription("right", .delayFrames, ("1 ms", "10 s"), "Likewise of the right channel."),
            ParameterDescription(
                "feedback", .percent, ("0 %", "95 %"), default: "35 %", automatable: true,
                "Part of each echo that comes again."),
            ParameterDescription(
                "high-cut", .hertz, ("200 Hz", "20 kHz"), default: "8 kHz", automatable: true,
                "Corner above which each return darkens, 6 dB per octave; 20 kHz is off."),
            ParameterDescription(
                "low-cut", .hertz, ("10 Hz", "2 kHz"), default: "80 Hz", automatable: true,
                "Corner below which each return thins out, 6 dB per octave; 10 Hz is off."),
            ParameterDescription("ping-pong", .onOff, default: "false", "Each echo changes side."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "30 %", automatable: true,
                "0 % is the input alone, 100 % the echoes alone."),
            ParameterDescription(
                "modulation-rate", .hertz, ("0.01 Hz", "10 Hz"), default: "0.5 Hz",
                "How often the delays swing, as an unsteady tape does; it stays, as the phase follows from the song's "
                    + "frame."),
            ParameterDescription(
                "modulation-depth", .seconds, ("0 ms", "10 ms"), default: "0 ms",
                "How far they swing to either side; 0 ms is off, and each echo exact to the frame."),
        ])

    package static let chorus = DeviceDescription(
        name: "chorus", noun: "a chorus",
        summary:
            "One to four detuned voices a side: the signal some milliseconds ago, the delay swinging slowly.",
        reference:
            "J. Dattorro, Effect design, part 2: delay-line modulation and chorus, J. Audio Eng. Soc. 45(10), "
            + "1997",
        parameters: [
            ParameterDescription(
                "rate", .hertz, ("0.01 Hz", "10 Hz"), default: "0.8 Hz",
                "How often the delays swing; it stays, as the phase follows from the song's frame."),
            ParameterDescription(
                "depth", .seconds, ("0 ms", "10 ms"), default: "2 ms", automatable: true,
                "How far the delay swings to either side, at most the delay itself."),
            ParameterDescription(
                "delay", .seconds, ("1 ms", "50 ms"), default: "15 ms", automatable: true,
                "Delay in the middle of the swing."),
            ParameterDescription(
                "voices", .choice(["1", "2", "3", "4"]), default: "2", "How many voices, evenly spread."),
            ParameterDescription(
                "feedback", .percent, ("0 %", "70 %"), default: "0 %", automatable: true,
                "Part of the voices that goes round again."),
            ParameterDescription(
                "width", .percent, ("0 %", "100 %"), default: "100 %", automatable: true,
                "100 % gives each side its own voices, 0 % both sides all of them."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "50 %", automatable: true,
                "0 % is the input alone, 100 % the voices alone."),
        ])

    package static let flanger = DeviceDescription(
        name: "flanger", noun: "a flanger",
        summary:
            "A comb of notches that sweeps: the signal plus itself a few milliseconds ago, with feedback.",
        reference:
            "J. Dattorro, Effect design, part 2: delay-line modulation and chorus, J. Audio Eng. Soc. 45(10), "
            + "1997",
        parameters: [
            ParameterDescription(
                "rate", .hertz, ("0.01 Hz", "10 Hz"), default: "0.25 Hz",
                "How often the comb sweeps; it stays, as the phase follows from the song's frame."),
            ParameterDescription(
                "depth", .seconds, ("0 ms", "10 ms"), default: "3 ms", automatable: true,
                "How far the delay goes beyond its shortest."),
            ParameterDescription(
                "delay", .seconds, ("0.2 ms", "10 ms"), default: "0.5 ms", automatable: true,
                "The shortest delay."),
            ParameterDescription(
                "feedback", .percent, ("-95 %", "95 %"), default: "40 %", automatable: true,
                "Sharpens the comb; below 0 the peaks lie between those above 0."),
            ParameterDescription(
                "stereo-phase", .number, ("0", "180"), default: "90",
                "Degrees by which the right channel's sweep is ahead."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "50 %", automatable: true,
                "0 % is the input alone, 50 % has the deepest notches."),
        ])

    package static let phaser = DeviceDescription(
        name: "phaser", noun: "a phaser",
        summary:
            "Notches that sweep in octaves: 4 to 12 all-passes in a row added to the signal, with feedback.",
        reference: "V. Zavalishin, The Art of VA Filter Design, 2018, chapters 3 and 11",
        parameters: [
            ParameterDescription(
                "rate", .hertz, ("0.01 Hz", "10 Hz"), default: "0.4 Hz",
                "How often the notches sweep; it stays, as the phase follows from the song's frame."),
            ParameterDescription(
                "depth", .number, ("0", "3"), default: "1.5", automatable: true,
                "Octaves that they sweep to either side."),
            ParameterDescription(
                "frequency", .hertz, ("100 Hz", "5 kHz"), default: "800 Hz", automatable: true,
                "Middle of the sweep."),
            ParameterDescription(
                "stages", .choice(["4", "6", "8", "12"]), default: "6", "All-passes; two make a notch."),
            ParameterDescription(
                "feedback", .percent, ("-95 %", "95 %"), default: "30 %", automatable: true,
                "Sharpens what lies between the notches."),
            ParameterDescription(
                "stereo-phase", .number, ("0", "180"), default: "90",
                "Degrees by which the right channel's sweep is ahead."),
            ParameterDescription(
                "mix", .percent, ("0 %", "100 %"), default: "50 %", automatable: true,
                "0 % is the input alone, 50 % has the deepest notches."),
        ])

    package static let tremolo = DeviceDescription(
        name: "tremolo", noun: "a tremolo",
        summary:
            "The level goes up and down; with a `stereo-phase` of 180 from side to side, as an auto-pan.",
        reference: "U. Zölzer (ed.), DAFX: Digital Audio Effects, 2nd ed., 2011, chapter 3",
        parameters: [
            ParameterDescription(
                "rate", .hertz, ("0.01 Hz", "20 Hz"), default: "5 Hz",
                "How often the level goes up and down; it stays, as the phase follows from the song's frame."),
            ParameterDescription(
                "depth", .percent, ("0 %", "100 %"), default: "50 %", automatable: true,
                "How much of the signal is taken at the lowest: 50 % is 6 dB (3 dB with the law of power), 100 % all."),
            ParameterDescription(
                "shape", .choice(["sine", "triangle", "square"]), default: "sine",
                "The square's edges take 5 ms, so that they do not click."),
            ParameterDescription(
                "stereo-phase", .number, ("0", "180"), default: "0",
                "Degrees by which the right channel is ahead; 180 is an auto-pan."),
            ParameterDescription(
                "law", .choice(["amplitude", "power"]), default: "amplitude",
                "What the depth is taken from: as an auto-pan the amplitudes of both sides have a constant sum, or the "
                    + "powers."),
        ])

    package static let width = DeviceDescription(
        name: "width", noun: "a width",
        summary: "The stereo image narrower or wider, and its low end in mono; the mono sum stays as it is.",
        reference:
            "A. D. Blumlein, British patent 394,325, 1933; S. Linkwitz and R. Riley, J. Audio Eng. Soc. 24(1), "
            + "1976",
        parameters: [
            ParameterDescription(
                "width", .percent, ("0 %", "200 %"), default: "100 %", automatable: true,
                "0 % is mono, 100 % as it was, 200 % twice the side signal."),
            ParameterDescription(
                "mono-below", .hertz, ("10 Hz", "500 Hz"), default: "10 Hz", automatable: true,
                "Below it the side signal goes, 24 dB per octave; 10 Hz is off."),
        ])

    package static let align = DeviceDescription(
        name: "align", noun: "an alignment",
        summary: "Each channel later by whole frames; the delay is meant, so it is not compensated.",
        reference: "A shift by whole frames; nothing else happens to the samples",
        parameters: [
            ParameterDescription(
                "left", .delayFrames, ("0 s", "1 s"), default: "0 s",
                "Delay of the left channel, to the frame."),
            ParameterDescription(
                "right", .delayFrames, ("0 s", "1 s"), default: "0 s",
                "Delay of the right channel, to the frame."),
        ])

    package static let utility = DeviceDescription(
        name: "utility", noun: "a utility",
        summary: "Gain, polarity, channel swap and mono.",
        reference: "A product and a sum",
        parameters: [
            ParameterDescription(
                "gain", .decibels, ("-inf dB", "48 dB"), default: "0 dB", automatable: true,
                "Gain; -inf is silence."),
            ParameterDescription(
                "invert", .choice(["none", "left", "right", "both"]), default: "none",
                "Inputs whose polarity is turned, before all else."),
            ParameterDescription("swap", .onOff, default: "false", "Left and right change places."),
            ParameterDescription("mono", .onOff, default: "false", "Both sides get the mean of both."),
        ])
}
