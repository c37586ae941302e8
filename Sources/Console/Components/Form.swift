import API
import BoundaryText
import Foundation
import WebSupport

/// What a person typed into a form: names with their values.
struct Entries: Sendable {
    private var values: [String: [String]] = [:]

    init() {}

    /// Reads `application/x-www-form-urlencoded`.
    init(urlEncoded text: String) {
        for pair in text.splitBytes(on: "&") {
            let parts = pair.splitBytes(on: "=", maxSplits: 1, omittingEmpty: false)
            let decoded = parts.map { $0.replacing(bytes: "+", with: " ").removingPercentEncoding ?? "" }
            // Browsers send line ends as CR LF.
            let value = decoded.count > 1 ? decoded[1].replacing(bytes: "\r\n", with: "\n") : ""
            values[decoded[0], default: []].append(value)
        }
    }

    /// What is there to begin with.
    init(_ values: [String: String?]) {
        self.values = values.compactMapValues { $0.map { [$0] } }
    }

    /// What a thing of the API holds, for the fields of its form.
    init(_ answer: some Encodable, _ fields: [Field]) throws {
        let thing = try JSON(of: answer)
        self.init(Dictionary(fields.map { ($0.name, thing[$0.name].typed) }, uniquingKeysWith: { first, _ in first }))
    }

    subscript(_ name: String) -> String? { values[name]?.first }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// The same with other values; nil takes one away.
    func with(_ changes: [String: String?]) -> Entries {
        var entries = self
        for (name, value) in changes { entries.values[name] = value.map { [$0] } }
        return entries
    }

    /// Names and values that do not belong to the form's machinery.
    var fields: [(name: String, value: String)] {
        values.filter { !$0.key.utf8.hasPrefix("_") }.flatMap { name, values in values.map { (name, $0) } }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}

/// A field of a form: how it looks, and what it becomes in the API's request.
struct Field {
    enum Kind {
        case text
        case email
        case password
        case number
        case url
        /// A secret that is only sent when something was typed.
        case secret
        case area
        /// A choice, by value and label.
        case choice([(value: String, label: String)])
        case flag
        /// A point in time, in the viewer's zone.
        case instant(TimeZone)
        case day
        case code
        case hidden
        /// Any number of choices, by value and label.
        case several([(value: String, label: String)], chosen: Set<String>)
        /// One of few choices, all seen at once; a note says what a choice means.
        case radios([(value: String, label: String, note: String?)])
        /// Any number of boxes in a table: each row has what it is, its name in the API, and a box or none in each column.
        case boxes(columns: [String], rows: [(label: String, name: String, values: [String?])])
        /// A ticket, searched as one types; without a script its number.
        case ticket
    }

    let name: String
    let label: String
    let kind: Kind
    var help: String?
    var isOptional = false
    var placeholder: String?
    var autocomplete: String?
    var isFocused = false
    /// Whether a number goes into the request as a number, although it is chosen or hidden.
    var isNumeric = false
    /// Whether an empty field means "none" and is sent as null, instead of being left out.
    var sendsNull = false
    /// Where more choices are searched while typing, if there are too many for a list.
    var search: String?

    init(
        _ name: String, _ label: String, _ kind: Kind = .text, help: String? = nil, optional: Bool = false,
        placeholder: String? = nil, autocomplete: String? = nil, focused: Bool = false, numeric: Bool = false,
        sendsNull: Bool = false
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.help = help
        isOptional = optional
        self.placeholder = placeholder
        self.autocomplete = autocomplete
        isFocused = focused
        isNumeric = numeric
        self.sendsNull = sendsNull
    }

    /// A field for a member of an operation's body.
    init(
        _ member: some CodingKey, _ label: String, _ kind: Kind = .text, help: String? = nil, optional: Bool = false,
        placeholder: String? = nil, autocomplete: String? = nil, focused: Bool = false, numeric: Bool = false,
        sendsNull: Bool = false
    ) {
        self.init(
            member.stringValue, label, kind, help: help, optional: optional, placeholder: placeholder,
            autocomplete: autocomplete, focused: focused, numeric: numeric, sendsNull: sendsNull)
    }

    /// A field for a parameter of an operation's query.
    init(filter: some QueryName, _ label: String, _ kind: Kind = .text, placeholder: String? = nil) {
        self.init(filter.rawValue, label, kind, placeholder: placeholder)
    }

    /// What the field becomes in a request; nil to leave it out.
    func value(in entries: Entries) -> JSON? {
        let text = (entries[name] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        switch kind {
        case .flag: return .flag(entries[name] == "true")
        case .password, .secret:
            // A password may begin with a space.
            return (entries[name] ?? "").isEmpty ? (isOptional ? nil : .text("")) : .text(entries[name] ?? "")
        case .instant(let zone):
            guard !text.isEmpty else { return sendsNull ? .null : nil }
            return .text(LocalTime.instant(text, in: zone).map(APIJSON.text) ?? text)
        case .number: return empty(text) ?? JSON(typed: text)
        case .choice, .hidden:
            if let empty = empty(text) { return empty }
            return isNumeric ? JSON(typed: text) : .text(text)
        case .several: return .list(entries.all(name).map(JSON.text))
        case .boxes:
            let ticked = entries.all(name)
            return ticked.isEmpty ? nil : .list(ticked.map(JSON.text))
        case .radios: return text.isEmpty ? nil : .text(text)
        case .text, .email, .url, .area, .code, .ticket, .day:
            return text.isEmpty && (isOptional || sendsNull) ? (sendsNull ? .null : nil) : .text(text)
        }
    }

    private func empty(_ text: String) -> JSON? {
        text.isEmpty ? (sendsNull ? .null : isOptional ? .some(.null) : .text("")) : nil
    }

    func model(_ entries: Entries, errors: [String: String], isFilter: Bool = false) -> Model {
        let error = errors[name]
        var (inputType, isSelect, isArea, isSwitch, isHidden): (String?, Bool, Bool, Bool, Bool) = (
            nil, false, false, false, false
        )
        var options: [Model] = []
        var value = entries[name]
        switch kind {
        case .text, .code, .number: inputType = "text"
        case .ticket, .several, .radios, .boxes: break
        case .email: inputType = "email"
        case .url: inputType = "url"
        case .day: inputType = "date"
        case .password, .secret:
            inputType = "password"
            value = nil
        case .instant(let zone):
            inputType = "datetime-local"
            value = value.map { text in APIJSON.date(text).map { LocalTime.text($0, in: zone) } ?? text }
        case .area: isArea = true
        case .choice(let choices):
            isSelect = true
            options = choices.map {
                ["optionValue": $0.value, "optionLabel": $0.label, "isSelected": $0.value == value]
            }
        case .flag: isSwitch = true
        case .hidden: isHidden = true
        }
        let (group, boxes) = (group(value), boxes(Set(entries.all(name))))
        let describedBy = [help == nil ? nil : "h-\(name)", error == nil ? nil : "e-\(name)"].compactMap(\.self)
        return Model([
            "fieldName": name, "fieldLabel": label, "value": value ?? "", "help": help, "fieldError": error,
            "isHidden": isHidden, "isSwitch": isSwitch, "isChecked": value == "true",
            "isLabelled": !isHidden && !isSwitch && group.isEmpty && boxes == nil && !isTicket, "isSelect": isSelect,
            "isArea": isArea,
            "inputType": inputType,
            "options": options, "isOptional": isOptional && !isFilter,
            "isRequired": !isOptional && !isFilter && inputType != nil && !sendsNull, "search": search,
            "isCode": { if case .code = kind { true } else { false } }(), "isFocused": isFocused,
            "autocomplete": autocomplete ?? (inputType == "password" ? "off" : nil), "placeholder": placeholder,
            "describedBy": describedBy.isEmpty ? nil : describedBy.joined(separator: " "), "isTicket": isTicket,
            "isGroup": !group.isEmpty, "group": group, "boxes": boxes,
        ])
    }

    private var isTicket: Bool { if case .ticket = kind { true } else { false } }

    /// The table of boxes.
    private func boxes(_ ticked: Set<String>) -> Model? {
        guard case .boxes(let columns, let rows) = kind else { return nil }
        return Model([
            "boxColumns": columns.map { Model(["boxColumn": $0]) },
            "boxRows": rows.map { row in
                Model([
                    "boxLabel": row.label, "boxName": row.name,
                    "cells": zip(columns, row.values).map { column, value in
                        Model([
                            "boxValue": value, "boxAbout": "\(column): \(row.label)",
                            "isTicked": value.map(ticked.contains) ?? false,
                        ])
                    },
                ])
            },
        ])
    }

    /// The choices of a field that shows all of them.
    private func group(_ value: String?) -> [Model] {
        switch kind {
        case .several(let choices, let chosen):
            choices.map {
                [
                    "choiceType": "checkbox", "choiceName": name, "choiceValue": $0.value, "choiceLabel": $0.label,
                    "isChosen": chosen.contains($0.value),
                ]
            }
        case .radios(let choices):
            choices.map {
                Model([
                    "choiceType": "radio", "choiceName": name, "choiceValue": $0.value, "choiceLabel": $0.label,
                    "choiceNote": $0.note, "noteID": $0.note == nil ? nil : "n-\(name)-\($0.value)",
                    "isChosen": $0.value == value,
                ])
            }
        case .text, .email, .password, .number, .url, .secret, .area, .choice, .flag, .instant, .day, .code, .hidden,
            .boxes, .ticket:
            []
        }
    }
}

/// Days as `date` has them, date and time as `datetime-local` has them.
enum LocalTime {
    private static func style(_ zone: TimeZone) -> Date.VerbatimFormatStyle {
        Date.VerbatimFormatStyle(
            format:
                "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits)T\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)",
            timeZone: zone, calendar: .init(identifier: .gregorian))
    }

    static func text(_ date: Date, in zone: TimeZone) -> String { date.formatted(style(zone)) }

    /// When a day begins, or one that is some days later; nil when there is no such day.
    static func day(_ text: String, plus days: Int = 0, in zone: TimeZone) -> Date? {
        let numbers = text.splitBytes(on: "-").map { Int($0) }
        guard numbers.count == 3 else { return nil }
        let calendar = calendar(zone)
        return date(calendar, numbers).flatMap { calendar.date(byAdding: .day, value: days, to: $0) }
    }

    /// A point in time; nil when there is none such.
    static func instant(_ text: String, in zone: TimeZone) -> Date? {
        let numbers = text.splitScalars { !("0"..."9").contains($0) }.map { Int($0) }
        guard (5...6).contains(numbers.count) else { return nil }
        return date(calendar(zone), Array(numbers.prefix(5)))
    }

    private static func calendar(_ zone: TimeZone) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar
    }

    /// Year, month, day, hour, minute. Only those that a clock shows: calendars reckon with any other number, and end the
    /// program where the sum is too large for them.
    private static func date(_ calendar: Calendar, _ numbers: [Int?]) -> Date? {
        let ranges = [1...9_999, 1...12, 1...31, 0...23, 0...59]
        let known = zip(numbers, ranges).compactMap { number, range -> Int? in
            guard let number, range.contains(number) else { return nil }
            return number
        }
        guard known.count == numbers.count, known.count >= 3 else { return nil }
        return calendar.date(
            from: DateComponents(
                year: known[0], month: known[1], day: known[2], hour: known.count > 3 ? known[3] : nil,
                minute: known.count > 4 ? known[4] : nil))
    }
}

/// A form, as it is shown with what was typed and what is wrong with it.
struct Form {
    var title: String?
    let action: String
    let fields: [Field]
    var submit = "Save"
    var cancel: String?
    var entries = Entries()
    var problem: Problem?
    var isCard = true
    var confirm: String?
    var isDanger = false

    /// The fields as the API's request.
    private var body: [String: JSON] {
        var body: [String: JSON] = [:]
        for field in fields where !field.name.utf8.hasPrefix("_") {
            if let value = field.value(in: entries), !(value == .null && !field.sendsNull) { body[field.name] = value }
        }
        return body
    }

    /// The fields as an operation's body.
    func members<Member: CodingKey & Hashable>(_: Member.Type = Member.self) -> [Member: JSON] {
        Dictionary(
            body.compactMap { name, value in Member(stringValue: name).map { ($0, value) } },
            uniquingKeysWith: { $1 })
    }

    var block: Block {
        let errors = problem?.atFields ?? [:]
        return Block(
            "form",
            [
                "formTitle": title, "formAction": action, "fields": fields.map { $0.model(entries, errors: errors) },
                "formError": problem?.summary(of: fields.map(\.name)),
                "submitLabel": submit, "submitStyle": isDanger ? "is-danger" : "is-primary", "cancelHref": cancel,
                "isCard": isCard, "confirm": confirm,
            ])
    }
}

extension JSON {
    /// As a person would type it; nil for null, lists and objects.
    fileprivate var typed: String? {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .flag(let flag): String(flag)
        case .null, .list, .object: nil
        }
    }
}

extension Problem {
    /// What is wrong at which field, in sentences.
    var atFields: [String: String] {
        Dictionary(errors.map { ($0.field, Self.sentence($0.message)) }, uniquingKeysWith: { $1 })
    }

    /// The message above a form with these fields: where to look, or what else is wrong.
    func summary(of fields: [String]) -> String {
        let elsewhere = errors.filter { !fields.contains($0.field) }
        if elsewhere.isEmpty { return errors.isEmpty ? detail : "Please look at the marked fields." }
        // The detail of what was not valid is made of names that only programs know.
        guard code == "validation_failed" else { return detail }
        return elsewhere.map { error in
            let name = error.field.replacing(/_id$/, with: "").replacing(bytes: "_", with: " ")
            return name.sentenceCased + ": " + error.message
        }.joined(separator: " ")
    }

    private static func sentence(_ message: String) -> String {
        message.utf8.hasSuffix(".") ? message.sentenceCased : message.sentenceCased + "."
    }
}
