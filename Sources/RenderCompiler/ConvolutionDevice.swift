import RenderPlan
import Session
import SignalProcessing

/// A device that is a windowed program of its own: its memory is an impulse response and nothing recursive.
struct ConvolutionDevice {
    enum Response {
        /// Sources of the song, one or two, with the parameters of the convolver.
        ///
        /// Of the files no more is read than `frameCount` frames: what lies behind is cut off.
        case files([Int], [Double], frameCount: Int)
        case equalizer([Double])
        /// Designed from the signal itself and the reference, a source of the song.
        case match(source: Int, parameters: [Double])
    }

    var response: Response
    /// Index of the device in its channel, for messages.
    var index: Int
    /// Frames of the response behind and ahead of the frame that is heard.
    var historyFrames: Int
    var lookaheadFrames = 0

    /// Frames of sound after the input's last.
    var tailFrames: Int { historyFrames }

    /// nil for a device that works sample by sample.
    ///
    /// - Throws: `CompileError` for parameters or files that it cannot be made of.
    init?(_ device: Device, index: Int, rateHertz: Int, sources: [SourceFile]) throws {
        let values = device.values.map(CompiledChain.finite)
        self.index = index
        switch device.kind {
        case .convolver:
            guard let parameters = ConvolverParameters(values: values), let first = device.sources.first else {
                throw CompileError("a convolver without an impulse response")
            }
            guard device.sources.allSatisfy({ sources[$0].rateHertz == sources[first].rateHertz }) else {
                throw CompileError("the two impulse responses of a convolver have different rates")
            }
            let longest = device.sources.reduce(0) { max($0, sources[$1].frameCount) }
            let reach = ConvolutionKernel.reach(
                parameters, impulseFrames: longest, impulseRateHertz: sources[first].rateHertz, rateHertz: rateHertz)
            response = .files(
                device.sources, values,
                frameCount: min(longest, Self.heardFrames(parameters, sources[first].rateHertz, rateHertz)))
            historyFrames = reach.historyFrames
            lookaheadFrames = reach.lookaheadFrames
        case .match:
            guard let source = device.sources.first, ReferenceMatch.Settings(values: values) != nil else {
                throw CompileError("a match without a reference")
            }
            response = .match(source: source, parameters: values)
            historyFrames = LinearPhaseKernel.longestTapCount(rateHertz: rateHertz) / 2
            lookaheadFrames = historyFrames
        case .equalizer where values[device.kind.description.index(of: "mode")] == 1:
            guard device.automation.isEmpty, device.key == nil else {
                throw CompileError("a linear-phase equalizer does not change over time")
            }
            guard let kernel = LinearPhaseEqualizer.kernel(parameters: values, rateHertz: rateHertz) else {
                throw CompileError("an equalizer that cannot be linear in phase")
            }
            response = .equalizer(values)
            historyFrames = kernel.historyFrames
            lookaheadFrames = kernel.lookaheadFrames
        default:
            return nil
        }
    }

    /// Frames of an impulse response at its own rate that a convolver may hear something of, and one more, so that it
    /// still is longer than the cut.
    private static func heardFrames(
        _ parameters: ConvolverParameters, _ impulseRateHertz: Int, _ rateHertz: Int
    ) -> Int {
        var reach = 2
        if impulseRateHertz != rateHertz {
            reach += 2 * PolyphaseConverter(from: impulseRateHertz, to: rateHertz).historyFrames
        }
        return Int((parameters.lengthSeconds * Double(impulseRateHertz)).rounded(.up)) + reach
    }
}
