import LoudnessChecks
import Testing

@Suite struct NumberTextTests {
    @Test(arguments: [
        (-14.04999, 1, "-14.0"), (-14.05, 1, "-14.1"), (0.05, 1, "0.1"), (-0.04, 1, "0.0"), (-.infinity, 3, "-inf"),
        (.nan, 1, "nan"), (3, 0, "3"), (0.5, 0, "1"), (-0.0005, 3, "-0.001"), (12.3456, 3, "12.346"),
    ])
    func `a number has its decimals, half away from zero, and no minus before nothing`(
        value: Double, decimals: Int, text: String
    ) {
        #expect(NumberText.fixed(value, decimals: decimals) == text)
    }

    @Test func `a time is minutes and seconds, with hours where there are`() {
        #expect(NumberText.time(102.96) == "1:42")
        #expect(NumberText.time(102.96, tenths: true) == "1:43.0")
        #expect(NumberText.time(3_723) == "1:02:03")
        #expect(NumberText.time(0.04, tenths: true) == "0:00.0")
    }

    @Test func `metrics have one name each, in both spellings`() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(Metric.named(metric.name) == metric && Metric.named(metric.keyName) == metric)
        }
        #expect(Metric.shortTermMaximum.keyName == "short-term-maximum")
    }
}
