import BoundaryText

/// Names and values in the Prometheus text format.
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and .../practices/naming/
enum MetricName {
    /// A metric name: invalid characters become `_`, and a missing unit or `_total` is appended.
    static func metric(_ label: String, suffix: String) -> String {
        let name = allowed(label, colon: true)
        return name.utf8.hasSuffix(suffix) ? name : name + suffix
    }

    /// A label name. `le` is reserved for histograms and a leading double underscore for Prometheus, so these are
    /// renamed.
    static func label(_ text: String) -> String {
        let name = allowed(text, colon: false)
        return name == "le" || name.utf8.hasPrefix("__") ? "exported_" + name : name
    }

    /// The text between the braces: sorted and escaped, each name once. Empty if there are no dimensions.
    static func labels(_ dimensions: [(String, String)]) -> String {
        var values: [String: String] = [:]
        for (name, value) in dimensions { values[label(name)] = value }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    /// The help text, or the words of the name if none was written.
    static func help(for name: String, written: String?) -> String {
        guard let written else { return name.splitBytes(on: "_").joined(separator: " ") }
        return written.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\n", with: "\\n")
    }

    /// A value or bucket bound. Whole numbers have no fraction, which is how `le` labels are usually written.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private static func escaped(_ value: String) -> String {
        value.replacing(bytes: "\\", with: "\\\\").replacing(bytes: "\"", with: "\\\"").replacing(
            bytes: "\n", with: "\\n")
    }

    private static func allowed(_ text: String, colon: Bool) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": name.unicodeScalars.append(scalar)
            case "0"..."9":
                if name.isEmpty { name += "_" }
                name.unicodeScalars.append(scalar)
            case ":" where colon: name += ":"
            default: name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }
}
