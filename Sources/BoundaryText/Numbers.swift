extension FixedWidthInteger {
    /// The whole part of the number, or the nearest that can be held; zero for what is no number.
    package init(saturating number: Double) {
        guard !number.isNaN else {
            self = 0
            return
        }
        self = Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
    }
}
