import BoundaryText
import Foundation
import Logging

/// A log line before rendering: everything that the two formats need. Sensitive metadata is masked on rendering.
struct LogLine {
    var time: Date
    var level: Logger.Level
    var label: String
    var message: String
    var error: String?
    var metadata: Logger.Metadata

    func rendered(as format: LogFormat, timeZone: TimeZone = .current, colored: Bool = false) -> String {
        switch format {
        case .text: text(timeZone: timeZone, colored: colored)
        case .json: json
        }
    }
}

// MARK: Text

extension LogLine {
    // `warning` is the longest common level; `critical` may overflow.
    private static let levelWidth = 7
    // Fits the product's own labels, such as `patchbay.notifications` without its prefix.
    private static let labelWidth = 13

    private func text(timeZone: TimeZone, colored: Bool) -> String {
        let clock = Timestamp.clock(time, in: timeZone)
        let name = label.dropping(prefix: "patchbay.").map(String.init) ?? label
        var line = clock + "  " + paint(level.rawValue.padded(to: Self.levelWidth), levelColor, colored)
        line += "  " + paint(name.padded(to: Self.labelWidth), "2", colored) + "  " + message.onOneLine
        var details = metadata.sorted { $0.key < $1.key }.map { name, value in
            name.onOneLine + "=" + Self.plain(value, for: name).quotedIfNeeded
        }
        if let error { details.append("error=" + error.quotedIfNeeded) }
        if !details.isEmpty { line += "  " + paint(details.joined(separator: " "), "2", colored) }
        return line + "\n"
    }

    private var levelColor: String {
        switch level {
        case .trace, .debug: "2"
        case .info: "32"
        case .notice: "36"
        case .warning: "33"
        case .error, .critical: "31"
        }
    }

    private func paint(_ text: String, _ color: String, _ colored: Bool) -> String {
        colored ? "\u{1B}[\(color)m\(text)\u{1B}[0m" : text
    }

    private static func plain(_ value: Logger.MetadataValue, for name: String) -> String {
        if Redaction.hides(name) { return Redaction.mask }
        switch value {
        case .string(let text): return text
        case .stringConvertible(let value): return value.description
        case .array(let values):
            return "[" + values.map { plain($0, for: "") }.joined(separator: ", ") + "]"
        case .dictionary(let values):
            let members = values.sorted { $0.key < $1.key }.map { "\($0.key): \(plain($0.value, for: $0.key))" }
            return "{" + members.joined(separator: ", ") + "}"
        }
    }
}

// MARK: JSON

extension LogLine {
    private var json: String {
        var line = "{\"time\":\"\(Timestamp.utc(time))\",\"level\":\"\(level.rawValue)\",\"logger\":"
        line.appendJSON(label)
        line += ",\"message\":"
        line.appendJSON(message)
        if let error {
            line += ",\"error\":"
            line.appendJSON(error)
        }
        if !metadata.isEmpty {
            line += ",\"metadata\":"
            Self.append(.dictionary(metadata), for: "", to: &line)
        }
        return line + "}\n"
    }

    private static func append(_ value: Logger.MetadataValue, for name: String, to line: inout String) {
        if Redaction.hides(name) { return line.appendJSON(Redaction.mask) }
        switch value {
        case .string(let text): line.appendJSON(text)
        case .stringConvertible(let value): appendConvertible(value, to: &line)
        case .array(let values):
            line += "["
            for (index, element) in values.enumerated() {
                if index > 0 { line += "," }
                append(element, for: "", to: &line)
            }
            line += "]"
        case .dictionary(let members):
            line += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line += "," }
                line.appendJSON(member.key)
                line += ":"
                append(member.value, for: member.key, to: &line)
            }
            line += "}"
        }
    }

    // Numbers and booleans keep their JSON type, so that programs can compare them.
    private static func appendConvertible(_ value: any CustomStringConvertible, to line: inout String) {
        let isNumber = value is any FixedWidthInteger || (value as? Double)?.isFinite == true
        if isNumber || value is Bool {
            line += value.description
        } else {
            line.appendJSON(value.description)
        }
    }
}
