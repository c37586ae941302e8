import BoundaryText
import Foundation

/// Limits on the content of request bodies. Every text and list has a limit, even without an explicit one, and the
/// OpenAPI description states it.
///
/// Texts are measured in Unicode scalars, which is what JSON Schema's `maxLength` counts. Each takes at most four
/// bytes, while a single Swift character may consist of a megabyte of combining marks.
public enum BodyLimits {
    /// The default for texts.
    public static let usualText = 500
    /// The maximum number of elements in a list.
    public static let list = 2_000
    /// The maximum length of a member's name.
    static let name = 100
    /// The maximum number of reported faults, so that a response is never larger than its request.
    private static let faults = 20

    /// Everything in a body that is too long.
    /// - Parameter lengths: The limits of texts, by the name of the member that contains them, at any depth.
    static func faults(in object: [String: Any], _ lengths: [String: Int]) -> [Problem.FieldError] {
        var walk = Walk(lengths: lengths)
        walk.visit(object, at: "", in: "")
        return Array(walk.faults.prefix(faults))
    }

    private struct Walk {
        let lengths: [String: Int]
        var faults: [Problem.FieldError] = []

        mutating func visit(_ value: Any, at path: String, in member: String) {
            guard faults.count < BodyLimits.faults else { return }
            switch value {
            case let text as String:
                let most = lengths[member] ?? usualText
                if !text.fits(scalars: most) { add(path, "must have at most \(most) characters.") }
            case let object as [String: Any]:
                for (name, value) in object.sorted(by: { $0.key < $1.key }) {
                    guard name.fits(scalars: BodyLimits.name) else {
                        add(path, "has a member whose name is too long.")
                        continue
                    }
                    visit(value, at: path.isEmpty ? name : "\(path).\(name)", in: name)
                }
            case let elements as [Any]:
                guard elements.count <= list else { return add(path, "must have at most \(list) elements.") }
                for (index, element) in elements.enumerated() { visit(element, at: "\(path).\(index)", in: member) }
            default: break
            }
        }

        private mutating func add(_ path: String, _ message: String) {
            faults.append(.init(field: path, code: "length", message: message))
        }
    }
}

extension String {
    /// Whether the text has at most this many Unicode scalars.
    public func fits(scalars most: Int) -> Bool {
        // A scalar has at least one byte, and counting bytes is fast.
        utf8.count <= most || unicodeScalars.count <= most
    }
}

extension Schema {
    /// The same schema with ``BodyLimits`` applied to all texts and lists.
    func limited(toLengths lengths: [String: Int], in member: String = "") -> Schema {
        switch self {
        case .string(let format, _):
            format == "date-time" ? self : .string(format: format, longest: lengths[member] ?? BodyLimits.usualText)
        case .object(let members, let isClosed):
            .object(
                members.map {
                    Member($0.name, $0.schema.limited(toLengths: lengths, in: $0.name), required: $0.isRequired)
                }, isClosed: isClosed)
        case .array(let item): .array(item.limited(toLengths: lengths, in: member))
        case .orNull(let schema): .orNull(schema.limited(toLengths: lengths, in: member))
        case .either(let schemas): .either(schemas.map { $0.limited(toLengths: lengths, in: member) })
        case .any, .oneOf, .integer, .range, .number, .boolean, .reference: self
        }
    }
}

extension JSONBody {
    /// The schema of the body, including all limits.
    public static func schema() throws(Schema.Unlearnable) -> Schema {
        try Schema.of(Self.self, isClosed: true).limited(to: ranges).limited(toLengths: lengths)
    }
}
