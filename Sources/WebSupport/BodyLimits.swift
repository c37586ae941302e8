import BoundaryText
import Foundation

/// How much of anything a request's body may hold. Every text and every list has a limit, whether or not somebody thought
/// of one; the description tells it.
///
/// Texts are measured in Unicode scalars, which is what JSON Schema's `maxLength` counts: unlike characters as Swift sees
/// them, one of which may be a megabyte of marks, each takes at most four bytes.
public enum BodyLimits {
    /// Of a text of which nothing else is said.
    public static let usualText = 500
    /// Elements of a list.
    public static let list = 2_000
    /// Of a member's name.
    static let name = 100
    /// How many faults are told: an answer must not be larger than what it is about.
    private static let faults = 20

    /// What is too long in a body.
    /// - Parameter lengths: of texts, by the name of the member that they are in, however deep.
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
    /// Whether it has at most so many Unicode scalars.
    public func fits(scalars most: Int) -> Bool {
        // A scalar has at least one byte, and bytes are counted at once.
        utf8.count <= most || unicodeScalars.count <= most
    }
}

extension Schema {
    /// The same with the limits of all texts and lists, as ``BodyLimits`` has them.
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
    /// What such a body has to look like, with every limit.
    public static func schema() throws(Schema.Unlearnable) -> Schema {
        try Schema.of(Self.self, isClosed: true).limited(to: ranges).limited(toLengths: lengths)
    }
}
