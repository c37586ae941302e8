extension FixedWidthInteger {
    /// The number truncated toward zero and clamped to this type's range; zero for NaN.
    package init(saturating number: Double) {
        guard !number.isNaN else {
            self = 0
            return
        }
        self = Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
    }
}
