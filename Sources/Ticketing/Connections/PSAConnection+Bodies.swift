import Accounts
import BoundaryText
import Foundation
import WebSupport

struct PSASettingsBody: JSONBody, Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case minutes = "default_minutes"
        case workRole = "work_role"
        case workType = "work_type"
        case member
        case noteType = "note_type"
        case boardStatuses = "board_statuses"
        case movesStatus = "auto_update_status"
        case version
    }

    struct BoardStatus: Codable, Sendable {
        enum CodingKeys: String, CodingKey {
            case board = "board_id"
            case status = "status_id"
            case name = "status_name"
        }

        let board: String
        let status: String
        let name: String
    }

    static let ranges = ["default_minutes": 1...PSASettings.longestTime]

    let minutes: Int
    let workRole: ReferenceAnswer?
    let workType: ReferenceAnswer?
    let member: ReferenceAnswer?
    let noteType: NoteType
    let boardStatuses: [BoardStatus]
    let movesStatus: Bool
    /// Which settings these are, or are to replace; nil to replace whatever is there.
    let version: Int?

    init(of connection: PSAConnection) {
        let settings = connection.settings
        func answer(_ choice: PSASettings.Choice?) -> ReferenceAnswer? {
            choice.map { ReferenceAnswer(id: $0.id, name: $0.name) }
        }
        minutes = settings.minutes
        workRole = answer(settings.workRole)
        workType = answer(settings.workType)
        member = answer(settings.member)
        noteType = settings.noteType
        boardStatuses = settings.boardStatuses.sorted { $0.key < $1.key }.map {
            BoardStatus(board: $0.key, status: $0.value.id, name: $0.value.name)
        }
        movesStatus = settings.movesStatus
        version = connection.settingsVersion
    }

    func settings(of provider: any PSAProvider) throws(Problem) -> PSASettings {
        var checks = FieldChecks()
        checks.require(
            (1...PSASettings.longestTime).contains(minutes), "default_minutes", "out_of_range",
            "must be from 1 to \(PSASettings.longestTime).")
        checks.require(
            Set(boardStatuses.map(\.board)).count == boardStatuses.count && boardStatuses.count <= 500,
            "board_statuses", "wrong_value", "must name each board once.")
        checks.key(workRole?.id, "work_role", provider)
        checks.key(workType?.id, "work_type", provider)
        checks.key(member?.id, "member", provider)
        for status in boardStatuses {
            checks.key(status.board, "board_statuses", provider)
            checks.key(status.status, "board_statuses", provider)
        }
        checks.require(
            ([workRole, workType, member].compactMap { $0?.name } + boardStatuses.map(\.name))
                .allSatisfy { $0.fits(scalars: 200) }, "name", "length", "may have at most 200 characters.")
        try checks.finish()
        var settings = PSASettings()
        func choice(_ answer: ReferenceAnswer?) -> PSASettings.Choice? {
            answer.map { .init(id: $0.id, name: $0.name) }
        }
        settings.minutes = minutes
        settings.workRole = choice(workRole)
        settings.workType = choice(workType)
        settings.member = choice(member)
        settings.noteType = noteType
        settings.boardStatuses = Dictionary(
            boardStatuses.map { ($0.board, .init(id: $0.status, name: $0.name)) }, uniquingKeysWith: { $1 })
        settings.movesStatus = movesStatus
        return settings
    }
}

struct NewPSAConnection: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case provider, name, site, company
        case publicKey = "public_key"
        case privateKey = "private_key"
        case clientID = "client_id"
    }

    static let lengths = ["name": 100]

    let provider: String?
    let name: String
    let site: String
    let company: String
    let publicKey: String
    let privateKey: String
    let clientID: String

    func draft() throws(Problem) -> PSAConnectionDraft {
        try PSAConnectionDraft(
            provider: provider ?? "connectwise", name: name, site: site, company: company,
            credentials: PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID))
    }
}

struct PSAConnectionChangeBody: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, site, company, active
        case publicKey = "public_key"
        case privateKey = "private_key"
        case clientID = "client_id"
        case baselineAt = "baseline_at"
    }

    static let lengths = ["name": 100]

    let name: String?
    let site: String?
    let company: String?
    let active: Bool?
    let publicKey: String?
    let privateKey: String?
    let clientID: String?
    let baselineAt: Date?

    var change: PSAConnectionChange {
        PSAConnectionChange(
            name: name, site: site, company: company, publicKey: publicKey, privateKey: privateKey, clientID: clientID,
            isActive: active, baselineAt: baselineAt)
    }
}
