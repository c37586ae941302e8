import API
import Accounts
import BoundaryText
import Connections
import Foundation
import Sealing

extension PSA.Connections.Answer {
    /// - Parameter reader: only administrators see the key in the address of the callbacks.
    init(_ connection: PSAConnection, publicURL: String, for reader: Role) {
        let key = reader >= .admin ? connection.hookKey : Hint(of: connection.hookKey).description
        // It works, but something is wrong: shown as such wherever the state is.
        let isSilent = connection.state == .ok && connection.silentSince != nil
        self.init(
            id: connection.id, tenant: connection.tenant, provider: connection.provider, name: connection.name,
            site: connection.site, company: connection.company, enabled: connection.isActive,
            state: isSilent ? .silent : PSA.Connections.State(connection.state),
            stateReason: isSilent
                ? "\(connection.name) changes tickets without calling Patchbay. Catch-up finds the changes, up to five minutes late. Check that \(connection.name) can reach this server."
                : connection.stateReason,
            lastCallbackAt: connection.lastHookAt, silentSince: connection.silentSince,
            lastValidatedAt: connection.lastValidatedAt, baselineAt: connection.baselineAt,
            publicKeyHint: connection.hints.publicKey, privateKeyHint: connection.hints.privateKey,
            clientIDHint: connection.hints.clientID, callbackURL: "\(publicURL)/hooks/cw/tickets?c=\(key)&recordId=",
            createdAt: connection.createdAt)
    }
}

extension PSA.Connections.State {
    init(_ state: ConnectionState) {
        self =
            switch state {
            case .untested: .untested
            case .ok: .ok
            case .paused: .paused
            }
    }
}

extension PSA.Settings.Answer {
    init(of connection: PSAConnection) {
        let settings = connection.settings
        self.init(
            minutes: settings.minutes, workRole: settings.workRole.map(Reference.init),
            workType: settings.workType.map(Reference.init), member: settings.member.map(Reference.init),
            noteType: settings.noteType,
            boardStatuses: settings.boardStatuses.sorted { $0.key < $1.key }.map {
                PSA.Settings.BoardStatus(board: $0.key, status: $0.value.id, name: $0.value.name)
            },
            updatesStatus: settings.movesStatus, version: connection.settingsVersion)
    }
}

extension Reference {
    init(_ choice: PSASettings.Choice) {
        self.init(id: choice.id, name: choice.name)
    }
}

extension PSA.Rights.Answer {
    init(_ check: RightCheck) {
        self.init(
            setting: check.setting, purpose: check.purpose, needed: check.purpose != nil, finding: check.finding,
            detail: check.detail)
    }
}
