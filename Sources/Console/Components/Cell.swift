import BoundaryText
import Foundation
import WebSupport

/// What one cell of a table, or one fact, shows.
struct Cell {
    var main: String?
    var href: String?
    var plain: String?
    var sub: String?
    /// Whether what is below is an address, which is not broken in the middle.
    var isWhole = false
    var badge: Badge?
    var when: Date?
    var isExact = false
    var mono: String?
    var toggle: Toggle?
    var choosing: Choosing?
    var actions: [Action] = []
    var isNumber = false
    var isNarrow = false

    /// Emphasized text, perhaps a link.
    static func main(_ text: String, _ href: String? = nil, sub: String? = nil) -> Cell {
        Cell(main: text.isEmpty ? "–" : text, href: href, sub: sub)
    }

    /// A person, with the e-mail address.
    static func person(_ name: String, _ href: String? = nil, email: String?) -> Cell {
        var cell = Cell.main(name, href, sub: email)
        cell.isWhole = true
        return cell
    }

    static func text(_ text: String?, sub: String? = nil) -> Cell { Cell(plain: text ?? "–", sub: sub) }
    static func number(_ number: Int) -> Cell { Cell(plain: "\(number)", isNumber: true) }
    static func badge(_ badge: Badge, sub: String? = nil) -> Cell { Cell(sub: sub, badge: badge) }
    static func mono(_ text: String) -> Cell { Cell(mono: text) }
    static func toggle(_ toggle: Toggle) -> Cell { Cell(toggle: toggle, isNarrow: true) }
    static func choice(_ choosing: Choosing) -> Cell { Cell(choosing: choosing) }
    static func actions(_ actions: [Action]) -> Cell { Cell(actions: actions, isNarrow: true) }

    /// A time, or a placeholder for none.
    static func when(_ date: Date?, otherwise: String = "never", exact: Bool = false) -> Cell {
        date.map { Cell(when: $0, isExact: exact) } ?? Cell(plain: otherwise)
    }

    /// What an exported list has in its place.
    var exported: String {
        let first =
            when.map(APIJSON.text) ?? main ?? plain ?? badge?.text ?? mono ?? toggle.map { $0.isOn ? "on" : "off" }
        return [first, sub].compactMap(\.self).joined(separator: " – ")
    }

    var model: Model {
        Model([
            "main": main, "cellHref": href, "plain": plain, "sub": sub, "isWhole": isWhole, "badge": badge?.model,
            "stamp": when.map { Stamp($0, exact: isExact).model }, "mono": mono, "toggle": toggle?.model,
            "choosing": choosing?.model, "hasActions": !actions.isEmpty, "cellActions": actions.map(\.model),
            "cellStyle": isNumber ? "num" : isNarrow ? "is-narrow" : nil,
        ])
    }
}

/// A state in a word; the colour only repeats it.
struct Badge {
    enum Tone: String {
        case good = "is-good"
        case warning = "is-warning"
        case bad = "is-bad"
        case info = "is-info"
        case muted = "is-muted"
    }

    let tone: Tone
    let text: String

    init(_ tone: Tone, _ text: String) {
        self.tone = tone
        self.text = text
    }

    var model: Model { ["tone": tone.rawValue, "badgeText": text] }
}

/// A point in time. Shown in UTC until the script knows the viewer's zone.
struct Stamp {
    let date: Date
    let isExact: Bool

    init(_ date: Date, exact: Bool = false) {
        self.date = date
        isExact = exact
    }

    static let format = Date.VerbatimFormatStyle(
        format:
            "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits) UTC",
        timeZone: .gmt, calendar: .init(identifier: .gregorian))

    var model: Model {
        ["instant": APIJSON.text(date), "instantText": date.formatted(Self.format), "isExact": isExact]
    }
}

/// A switch that is a form of its own.
struct Toggle {
    let href: String
    let label: String
    let isOn: Bool
    var hidden: [String: String] = [:]

    var model: Model {
        Model([
            "href": href, "toggleLabel": label, "isOn": isOn, "pressed": isOn ? "true" : "false",
            "hidden": hidden.sorted { $0.key < $1.key }.map {
                ["hiddenName": $0.key, "hiddenValue": $0.value] as Model
            },
        ])
    }
}

/// A choice that is a form of its own.
struct Choosing {
    let href: String
    let name: String
    let label: String
    let choices: [(value: String, label: String)]
    let chosen: String
    var hidden: [String: String] = [:]

    var model: Model {
        Model([
            "href": href, "choosingName": name, "choosingLabel": label,
            "options": choices.map {
                ["optionValue": $0.value, "optionLabel": $0.label, "isSelected": $0.value == chosen] as Model
            },
            "hidden": hidden.sorted { $0.key < $1.key }.map {
                ["hiddenName": $0.key, "hiddenValue": $0.value] as Model
            },
        ])
    }
}

/// A button or a link.
struct Action {
    var label: String
    var href: String
    var style = ""
    var icon: String?
    /// What it concerns, for screen readers.
    var about: String?
    var isPost = false
    var confirm: String?
    var hidden: [String: String] = [:]

    static func link(_ label: String, _ href: String, style: String = "", icon: String? = nil, about: String? = nil)
        -> Action
    {
        Action(label: label, href: href, style: style, icon: icon, about: about)
    }

    static func post(
        _ label: String, _ href: String, style: String = "", icon: String? = nil, about: String? = nil,
        confirm: String? = nil, hidden: [String: String] = [:]
    ) -> Action {
        Action(
            label: label, href: href, style: style, icon: icon, about: about, isPost: true, confirm: confirm,
            hidden: hidden)
    }

    var model: Model {
        Model([
            "label": label, "href": href, "style": style, "icon": icon, "about": about, "isPost": isPost,
            "confirm": confirm,
            "hidden": hidden.sorted { $0.key < $1.key }.map {
                ["hiddenName": $0.key, "hiddenValue": $0.value] as Model
            },
        ])
    }
}
