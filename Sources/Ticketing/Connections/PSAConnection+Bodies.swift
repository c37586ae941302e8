import API
import Accounts
import BoundaryText
import WebSupport

extension PSA.Settings.Change {
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
        func choice(_ reference: Reference?) -> PSASettings.Choice? {
            reference.map { .init(id: $0.id, name: $0.name) }
        }
        settings.minutes = minutes
        settings.workRole = choice(workRole)
        settings.workType = choice(workType)
        settings.member = choice(member)
        settings.noteType = noteType
        settings.boardStatuses = Dictionary(
            boardStatuses.map { ($0.board, .init(id: $0.status, name: $0.name)) }, uniquingKeysWith: { $1 })
        settings.movesStatus = updatesStatus
        return settings
    }
}

extension PSA.Connections.New {
    func draft() throws(Problem) -> PSAConnectionDraft {
        try PSAConnectionDraft(
            provider: provider ?? "connectwise", name: name, site: site, company: company,
            credentials: PSACredentials(publicKey: publicKey, privateKey: privateKey, clientID: clientID))
    }
}

extension PSA.Connections.Change {
    var change: PSAConnectionChange {
        PSAConnectionChange(
            name: name, site: site, company: company, publicKey: publicKey, privateKey: privateKey, clientID: clientID,
            isActive: enabled, baselineAt: baselineAt)
    }
}
