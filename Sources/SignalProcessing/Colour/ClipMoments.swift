/// What a clipper takes away, averaged over the way between two samples with the three pieces of a quadratic
/// B-spline as weights: antiderivative anti-aliasing of third order, without its cancellation.
///
/// A clipper is x less what stands out above the ceiling, r(x), plus what stands out below. r is zero, a quadratic
/// knee, and a straight line, so its integral against a polynomial weight over a straight way is a sum of positive
/// terms in the lengths of the parts of the way and the heights at their ends. There is no division of differences,
/// and where nothing stands out the result is exactly 0. The result at a sample is the first moment of the way to it,
/// the second of the way before, and the third of the one before that.
///
/// The way is not straight: a clipped sine crosses the ceiling on a bend, and aliases come from taking it as straight.
/// With the mean second difference c of both ends it is the parabola a + (b - a) t + c t (t - 1) / 2. To first order
/// in c that adds the integral of r' times the weight times c t (t - 1) / 2: a polynomial in the lengths of the parts.
///
/// S. Bilbao, F. Esqueda, J. Parker, V. Valimaki, "Antiderivative antialiasing for memoryless nonlinearities", IEEE
/// Signal Processing Letters 24(7), 2017; as a B-spline kernel: J. Parker, V. Zavalishin, E. Le Bivic, "Reducing the
/// aliasing of nonlinear waveshaping using continuous-time convolution", DAFx-16.
struct ClipMoments {
    /// Weights (1 - t)^2 / 2, 1/2 + t - t^2 and t^2 / 2.
    var first: ColourLane
    var second: ColourLane
    var third: ColourLane

    /// - Parameters:
    ///   - a: the sample before; `b`: this sample.
    ///   - bend: the mean second difference at both, 0 for a straight way.
    ///   - low: where the knee begins, above 0.
    ///   - knee: its width, above 0; ignored where `isHard`.
    @inline(always)
    init(_ a: ColourLane, _ b: ColourLane, bend: ColourLane, low: ColourLane, knee: ColourLane, isHard: Bool) {
        let rises = a .< b
        let bottom = b.replacing(with: a, where: rises)
        let top = a.replacing(with: b, where: rises)
        let inverse = ColourLane(repeating: 1) / (top - bottom).atLeast(ColourLane(repeating: 1e-30))
        let above: Weights
        let below: Weights
        if isHard {
            above = Weights(hard: bottom - low, top - low, inverse, bend)
            below = Weights(hard: -top - low, -bottom - low, inverse, -bend)
        } else {
            above = Weights(soft: bottom - low, top - low, inverse, knee, bend)
            below = Weights(soft: -top - low, -bottom - low, inverse, knee, -bend)
        }
        // Of the rising way t from bottom to top; what stands out below comes at its beginning.
        let start = above.falling - below.rising
        let end = above.rising - below.falling
        first = end.replacing(with: start, where: rises)
        third = start.replacing(with: end, where: rises)
        second = (above.mean - below.mean) - (start + end)
    }

    /// Integrals over a rising way of the heights that stand out.
    private struct Weights {
        /// With weight 1.
        var mean: ColourLane
        /// With weight (1 - t)^2 / 2.
        var falling: ColourLane
        /// With weight t^2 / 2.
        var rising: ColourLane

        /// - Parameters:
        ///   - a: height at the beginning above the threshold, or how far below (negative); `b`: at the end.
        ///   - inverse: 1 / (b - a).
        ///   - bend: as above, of the rising way.
        @inline(always)
        init(hard a: ColourLane, _ b: ColourLane, _ inverse: ColourLane, _ bend: ColourLane) {
            let u = a.atLeast(.zero)
            let v = b.atLeast(.zero)
            let length = (v * inverse).atMost(ColourLane(repeating: 1))
            let square = length * length
            let straight = length * (u + v) * ColourLane(repeating: 0.5)
            let moment = square * (u + u + v) * ColourLane(repeating: 1.0 / 6)
            let fall = square * length * v.addingProduct(u, ColourLane(repeating: 3)) * ColourLane(repeating: 1.0 / 24)
            let rise = straight * ColourLane(repeating: 0.5) - moment + fall
            let bent = Self.bends(square, length)
            mean = straight.addingProduct(bent.mean, bend)
            falling = fall.addingProduct(bent.falling, bend)
            rising = rise.addingProduct(bent.rising, bend)
        }

        /// The weights' integrals with t (t - 1) / 2 over the last part of a way, of this length.
        @inline(always)
        private static func bends(
            _ square: ColourLane, _ length: ColourLane
        ) -> (mean: ColourLane, falling: ColourLane, rising: ColourLane) {
            let fourth = square * square
            let mean = square * ColourLane(repeating: -0.25).addingProduct(length, ColourLane(repeating: 1.0 / 6))
            let falling = fourth * ColourLane(repeating: -1.0 / 16).addingProduct(length, ColourLane(repeating: 0.05))
            let part = ColourLane(repeating: -3.0 / 16).addingProduct(length, ColourLane(repeating: 0.05))
            let low = ColourLane(repeating: -0.125).addingProduct(length, ColourLane(repeating: 0.25))
            return (mean, falling, square * low.addingProduct(square, part))
        }

        /// One of the points within the knee: its part of the integrals of `bends`.
        @inline(always)
        private static func bend(
            _ top: ColourLane, _ length: ColourLane, _ height: ColourLane, _ descent: ColourLane, _ slope: ColourLane,
            place: Float, share: Float
        ) -> (mean: ColourLane, falling: ColourLane, rising: ColourLane) {
            let s = top.addingProduct(length, ColourLane(repeating: place))
            let t = ColourLane(repeating: 1) - s
            let part =
                s * t * height.addingProduct(descent, ColourLane(repeating: place)) * slope
                * ColourLane(repeating: share)
            let half = part * ColourLane(repeating: 0.5)
            return (part, half * s * s, half * t * t)
        }

        @inline(always)
        init(soft a: ColourLane, _ b: ColourLane, _ inverse: ColourLane, _ knee: ColourLane, _ bend: ColourLane) {
            let one = ColourLane(repeating: 1)
            let half = knee * ColourLane(repeating: 0.5)
            // Beyond the knee: a straight line that begins at half the knee.
            let topA = (a - knee).atLeast(.zero)
            let topB = (b - knee).atLeast(.zero)
            let top = (topB * inverse).atMost(one)
            let u = half + topA
            let v = half + topB
            let topSquare = top * top
            let topMean = top * (u + v) * ColourLane(repeating: 0.5)
            let topMoment = topSquare * (u + u + v) * ColourLane(repeating: 1.0 / 6)
            let topFalling =
                topSquare * top * v.addingProduct(u, ColourLane(repeating: 3)) * ColourLane(repeating: 1.0 / 24)
            // Within: w^2 / (2 knee).
            let kneeA = a.atLeast(.zero).atMost(knee)
            let kneeB = b.atLeast(.zero)
            let length = (kneeB * inverse).atMost(one) - top
            let w = kneeB.atMost(knee)
            let (aa, ab, bb) = (kneeA * kneeA, kneeA * w, w * w)
            let scale = length * (ColourLane(repeating: 0.5) / knee)
            let e0 = (aa + ab + bb) * ColourLane(repeating: 1.0 / 3)
            let e1 = (ab + ab + bb).addingProduct(aa, ColourLane(repeating: 3)) * ColourLane(repeating: 1.0 / 12)
            let e2 =
                bb.addingProduct(ab, ColourLane(repeating: 3)).addingProduct(aa, ColourLane(repeating: 6))
                * ColourLane(repeating: 1.0 / 30)
            let product = top * length
            let moment = scale * (top * e0).addingProduct(length, e1)
            let square = (topSquare * e0).addingProduct(product + product, e1).addingProduct(length * length, e2)
            let straight = topMean.addingProduct(scale, e0)
            let fall = topFalling.addingProduct(scale * ColourLane(repeating: 0.5), square)
            let rise = straight * ColourLane(repeating: 0.5) - (topMoment + moment) + fall
            var bent = Self.bends(topSquare, top)
            // Within the knee r' is a straight line: three points of Gauss integrate the product exactly.
            let slope = length / knee
            let descent = kneeA - w
            let near = Self.bend(top, length, w, descent, slope, place: 0.1127016653792583, share: -5.0 / 36)
            let middle = Self.bend(top, length, w, descent, slope, place: 0.5, share: -2.0 / 9)
            let far = Self.bend(top, length, w, descent, slope, place: 0.8872983346207417, share: -5.0 / 36)
            bent.mean += near.mean + middle.mean + far.mean
            bent.falling += near.falling + middle.falling + far.falling
            bent.rising += near.rising + middle.rising + far.rising
            mean = straight.addingProduct(bent.mean, bend)
            falling = fall.addingProduct(bent.falling, bend)
            rising = rise.addingProduct(bent.rising, bend)
        }
    }
}
