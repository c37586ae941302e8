import BoundaryText

extension Feature {
    /// A value that a feature reads from the configuration: `PATCHBAY_` and the name, in the environment or the file.
    public struct Setting: Sendable {
        /// The name without `PATCHBAY_`.
        public let name: String
        /// What the value must be, for error messages.
        public let expected: String
        /// Whether a text is a valid value.
        public let isValid: @Sendable (String) -> Bool

        /// Creates a setting.
        public init(_ name: String, _ expected: String, isValid: @escaping @Sendable (String) -> Bool = { _ in true }) {
            self.name = name
            self.expected = expected
            self.isValid = isValid
        }

        /// A setting that takes an integer.
        /// - Parameter unit: What is counted, such as `calls`.
        public static func number(_ name: String, of unit: String, in range: ClosedRange<Int>) -> Setting {
            Setting(name, "a number of \(unit) from \(range.lowerBound) to \(range.upperBound)") { text in
                Int(text).map(range.contains) ?? false
            }
        }
    }

    /// Settings that only make sense together.
    public struct SettingGroup: Sendable {
        /// The names of the settings.
        public let names: [String]
        /// What they configure.
        public let subject: String

        /// Creates a group.
        public init(_ names: [String], of subject: String) {
            self.names = names
            self.subject = subject
        }
    }

    /// The configured values of the features' settings. Contains only planned settings and valid values.
    public struct Settings: Sendable, Equatable {
        private var values: [String: String] = [:]

        /// Creates empty settings.
        public init() {}

        /// The value of a setting; nil if it is not set.
        public subscript(_ name: String) -> String? {
            get { values[name] }
            set { values[name] = newValue }
        }

        /// The value of a setting as a number; nil if it is not set.
        public func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
    }
}
