import Accounts
import Foundation
import WebSupport

/// A body that asks for writes.
protocol PostBody: JSONBody, Encodable {
    var requestID: String? { get set }
    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft
}

struct NoteBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case text
        case noteType = "note_type"
        case requestID = "request_id"
    }

    let text: String
    let noteType: NoteType?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        try checks.finish()
        return PostDraft(.note, [.note(text: text, type: noteType ?? settings.noteType)])
    }
}

struct TimeBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case minutes, billable, text
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case requestID = "request_id"
    }

    static let ranges = ["minutes": 1...PSASettings.longestTime]

    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let note = (text?.isEmpty ?? true) ? nil : checks.text(text, "text", longest: longestNote)
        let part = try TimePart(
            minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
            text: note
        ).part(settings, &checks, now)
        try checks.finish()
        return PostDraft(.time, [part])
    }
}

/// Time with what the settings say where the request says nothing.
private struct TimePart {
    let minutes: Int?
    var startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?

    func part(
        _ settings: PSASettings, _ checks: inout PostDraft.Checks, _ now: Date
    ) throws(Problem) -> PostDraft.Part {
        let minutes = minutes ?? settings.minutes
        checks.minutes(minutes)
        // Whole seconds: ConnectWise refuses others.
        let end = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let start = startedAt.map { Date(timeIntervalSince1970: $0.timeIntervalSince1970.rounded(.down)) }
        checks.require(
            start.map { $0 <= end } ?? true, "started_at", "out_of_range", "must not lie in the future.")
        return .time(
            minutes: minutes, startedAt: start ?? end.addingTimeInterval(-60 * Double(minutes)),
            workRole: workRole ?? settings.workRole.map { .init($0.id) },
            workType: workType ?? settings.workType.map { .init($0.id) }, billable: billable, text: text)
    }
}

struct StatusBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    let status: Board.Status.ID
    let expectedStatus: Board.Status.ID?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        PostDraft(.status, [.status(status)], expectedStatus: expectedStatus)
    }
}

struct ChangeBody: PostBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case text, minutes, billable
        case noteType = "note_type"
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case timeCarriesText = "text_in_time"
        case movesStatus = "update_status"
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    static let ranges = ["minutes": 0...PSASettings.longestTime]

    let text: String
    let noteType: NoteType?
    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let timeCarriesText: Bool?
    let movesStatus: Bool?
    let status: Board.Status.ID?
    let expectedStatus: Board.Status.ID?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        var parts: [PostDraft.Part] = [.note(text: text, type: noteType ?? settings.noteType)]
        // No time at all is said by 0; nothing said is the connection's default.
        if minutes != 0 {
            parts.append(
                try TimePart(
                    minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
                    text: timeCarriesText == true ? text : nil
                ).part(settings, &checks, now))
        }
        if movesStatus ?? (status != nil || settings.movesStatus) { parts.append(.status(status)) }
        try checks.finish()
        return PostDraft(.change, parts, expectedStatus: expectedStatus)
    }
}

struct RetryBody: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status = "status_id"
        case workRole = "work_role_id"
        case workType = "work_type_id"
    }

    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let status: Board.Status.ID?
}
