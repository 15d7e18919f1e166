/** A device as its form holds it: every field a text or a flag. */
import type { Device, NewDevice } from '../../../api/devices'

export interface DeviceFields {
  readonly name: string
  readonly ae_title: string
  readonly department: string
  readonly modality: string
  readonly room: string
  readonly manufacturer: string
  readonly station_name: string
  readonly networks: string
  readonly certificate: string
  readonly plain_allowed: boolean
  readonly may_store: boolean
  readonly may_query: boolean
  readonly active: boolean
  readonly host: string
  readonly port: string
  readonly tls: boolean
  readonly default_character_set: string
  readonly issuer_of_patient_id: string
}

export function fieldsOf(device: Device | Partial<NewDevice>): DeviceFields {
  return {
    name: device.name ?? '',
    ae_title: device.ae_title ?? '',
    department: device.department_id ? String(device.department_id) : '',
    modality: device.modality ?? '',
    room: device.room ?? '',
    manufacturer: device.manufacturer ?? '',
    station_name: device.station_name ?? '',
    networks: (device.networks ?? []).join('\n'),
    certificate: device.certificate ?? '',
    plain_allowed: device.plain_allowed ?? true,
    may_store: device.may_store ?? true,
    may_query: device.may_query ?? true,
    active: device.active ?? true,
    host: device.host ?? '',
    port: device.port ? String(device.port) : '',
    tls: device.tls ?? false,
    default_character_set: device.default_character_set ?? '',
    issuer_of_patient_id: device.issuer_of_patient_id ?? '',
  }
}

export function bodyOf(fields: DeviceFields): NewDevice {
  return {
    name: fields.name.trim(),
    ae_title: fields.ae_title.trim(),
    department_id: fields.department ? Number(fields.department) : null,
    modality: fields.modality.trim(),
    room: fields.room.trim(),
    manufacturer: fields.manufacturer.trim(),
    station_name: fields.station_name.trim(),
    networks: fields.networks.split(/[\s,;]+/).filter(Boolean),
    certificate: fields.certificate.trim() || null,
    plain_allowed: fields.plain_allowed,
    may_store: fields.may_store,
    may_query: fields.may_query,
    active: fields.active,
    host: fields.host.trim(),
    port: /^\d+$/.test(fields.port) ? Number(fields.port) : null,
    tls: fields.tls,
    default_character_set: fields.default_character_set || null,
    issuer_of_patient_id: fields.issuer_of_patient_id.trim() || null,
  }
}
