import BoundaryText

extension Feature {
    /// A value that the configuration may give to a feature: `PATCHBAY_` and the name, in the environment or the file.
    public struct Setting: Sendable {
        /// Without `PATCHBAY_`.
        public let name: String
        /// What it must be, for whoever gave something else.
        public let expected: String
        /// Whether a text is one.
        public let isValid: @Sendable (String) -> Bool

        /// Describes a setting.
        public init(_ name: String, _ expected: String, isValid: @escaping @Sendable (String) -> Bool = { _ in true }) {
            self.name = name
            self.expected = expected
            self.isValid = isValid
        }

        /// A whole number.
        /// - Parameter unit: what is counted, such as `calls`.
        public static func number(_ name: String, of unit: String, in range: ClosedRange<Int>) -> Setting {
            Setting(name, "a number of \(unit) from \(range.lowerBound) to \(range.upperBound)") { text in
                Int(text).map(range.contains) ?? false
            }
        }
    }

    /// Settings that make sense together only.
    public struct SettingGroup: Sendable {
        /// Their names.
        public let names: [String]
        /// What is configured by them.
        public let subject: String

        /// Describes a group.
        public init(_ names: [String], of subject: String) {
            self.names = names
            self.subject = subject
        }
    }

    /// What the configuration gives to features: only what they plan, and only what is valid.
    public struct Settings: Sendable, Equatable {
        private var values: [String: String] = [:]

        /// Nothing is set.
        public init() {}

        /// The value of a setting; nil when nothing is said.
        public subscript(_ name: String) -> String? {
            get { values[name] }
            set { values[name] = newValue }
        }

        /// The number of a setting; nil when nothing is said.
        public func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
    }
}
